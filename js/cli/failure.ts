/** An error as the user sees it, and the exit code that it leads to. */
import { type GenerateError, isGenerateError } from '../index.js';
import { Rescued } from './disk.js';
import { EXIT, type ExitCode } from './exit.js';
import { messageOf, Problem } from './problem.js';
import type { Screen } from './screen.js';
import { moment } from './words.js';

/** Tells an error; gives the exit code. */
export function tellFailure(error: unknown, screen: Screen): ExitCode {
  const code = exitCodeOf(error);
  screen.settle();
  const { red } = screen.noteColors;
  for (const [index, line] of linesOf(error).entries()) {
    screen.note(index === 0 ? `${red('error:')} ${line}` : line);
  }
  if (screen.debug && error instanceof Error) screen.note(error.stack ?? '');
  screen.data({ error: describe(error), exitCode: code });
  return code;
}

/** The lines of an error: its message, the remedy, and when to try again in local time. */
export function linesOf(error: unknown): string[] {
  if (error instanceof Problem) return [error.message];
  const message = inOptions(messageOf(error).replace(/^unexhausted: /, ''));
  if (!isGenerateError(error)) return [message];
  const { retryAt } = error;
  const advice = inOptions(error.advice);
  // The message may hold the advice, with the moment in UTC behind it; here each has a line.
  const [what = message] = advice === '' ? [message] : message.split(advice);
  const lines = [what.trim(), advice];
  if (retryAt !== undefined) lines.push(`Try again at ${moment(retryAt)}.`);
  return lines.filter((line) => line !== '');
}

/** The options of a client, as the command line calls them. */
const OPTIONS: Readonly<Record<string, string>> = {
  baseUrl: '--base-url',
  budget: '--budget',
  deadline: '--deadline',
  maxCost: '--max-cost',
  timeout: '--timeout',
};

/** Words of the library with the options that the command line has. */
export function inOptions(text: string): string {
  return text.replace(/`(\w+)`/g, (whole, name: string) => OPTIONS[name] ?? whole);
}

/** An error for a program. */
export function describe(error: unknown): Record<string, unknown> {
  if (error instanceof Rescued) return { message: error.message, files: error.files };
  if (!isGenerateError(error)) return { message: messageOf(error) };
  const { kind, message, advice, status, retryAt, model, quota, isRetryable, attempts } = error;
  return { kind, message, advice, status, retryAt, model, quota, isRetryable, attempts };
}

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Problem) return error.code;
  if (isGenerateError(error)) {
    if (error.kind === 'unauthenticated') return EXIT.usage;
    return passes(error) ? EXIT.later : EXIT.failed;
  }
  // Options are checked before anything is sent.
  if (error instanceof TypeError && error.message.startsWith('unexhausted: ')) return EXIT.usage;
  return EXIT.failed;
}

/** Whether the library says that time will help. */
function passes(error: GenerateError): boolean {
  const { isRetryable, retryAt, kind, info } = error;
  return isRetryable || retryAt !== undefined || kind === 'deadline' || info?.retry === 'later';
}
