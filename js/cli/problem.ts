/** Problems that the user can put right: said in a sentence, without a stack. */
import { EXIT, type ExitCode } from './exit.js';

/** An error of the command line itself. */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  /** The exit code of the process. */
  readonly code: ExitCode;

  constructor(message: string, code: ExitCode = EXIT.usage) {
    super(message);
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
