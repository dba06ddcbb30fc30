/** The functions that read an error accept anything that can be thrown. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorInfo, GenerateError, isGenerateError } from '../../pkg/index.js';

const throws = (): never => {
  throw new Error('of a trap');
};
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();

const FOREIGN: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  'a text': '429',
  'a revoked proxy': proxy,
  'a proxy that answers nothing': new Proxy({}, { has: throws, get: throws }),
};

describe('errorInfo and isGenerateError', () => {
  for (const [name, error] of Object.entries(FOREIGN)) {
    it(`of ${name} say that it is none of ours`, () => {
      assert.equal(errorInfo(error), undefined);
      assert.equal(isGenerateError(error), false);
    });
  }

  it('know one of ours', () => {
    const ours = new GenerateError({ kind: 'closed', message: 'closed', advice: '' });
    assert.equal(isGenerateError(ours), true);
  });
});
