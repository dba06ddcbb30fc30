/** For tests of what fails. */
import assert from 'node:assert/strict';
import { GenerateError } from '../../../pkg/index.js';

/** The error that work ends with; to succeed is a mistake. */
export async function errorOf(work: Promise<unknown>): Promise<GenerateError> {
  const error = await work.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GenerateError)) throw error;
  return error;
}
