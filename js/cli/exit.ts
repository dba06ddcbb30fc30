/** Exit codes of the command line; the help and `docs/cli.md` print this table. */

/** Every exit code and its meaning. */
export const EXIT_CODES = [
  { code: 0, name: 'ok', meaning: 'done' },
  { code: 1, name: 'failed', meaning: 'failed, wholly or in part: the same again would not help' },
  { code: 2, name: 'usage', meaning: 'an option, a file or the key is wrong' },
  { code: 3, name: 'later', meaning: 'not now: the same command goes on, or may succeed, later' },
  { code: 130, name: 'interrupted', meaning: 'stopped at once by Ctrl-C' },
] as const;

/** A code of the table. */
export type ExitCode = (typeof EXIT_CODES)[number]['code'];

type Name = (typeof EXIT_CODES)[number]['name'];

/** The codes by name. */
export const EXIT: Readonly<Record<Name, ExitCode>> = Object.fromEntries(
  EXIT_CODES.map(({ name, code }) => [name, code]),
) as Record<Name, ExitCode>;

/** The table as the help shows it. */
export function exitCodesHelp(): string {
  const rows = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padEnd(4)}${meaning}`);
  return `Exit codes:\n${rows.join('\n')}`;
}
