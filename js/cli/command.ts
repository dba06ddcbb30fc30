/** Options, help and exit codes that all commands share. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from './exit.js';
import { tellFailure } from './failure.js';
import { Screen } from './screen.js';

/** Options of every command. */
export interface CommonOptions {
  json?: boolean;
  debug?: boolean;
}

/** The name of a command, its purpose, and its use. */
export interface Description {
  /** Its name and arguments, as commander writes them. */
  usage: string;
  summary: string;
  /** More than the summary says, in whole sentences. */
  details?: string;
  /** Lines to type, without `unexhausted`. */
  examples: readonly string[];
}

/** Adds a command with the options of all. */
export function define(parent: Command, description: Description): Command {
  const { usage, summary, details, examples } = description;
  const path = parent.parent === null ? 'unexhausted' : `unexhausted ${parent.name()}`;
  const lines = examples.map((example) => `  $ ${path} ${example}`).join('\n');
  return parent
    .command(usage)
    .summary(summary)
    .description(details === undefined ? `${summary}.` : `${summary}.\n\n${details}`)
    .option('--json', 'results as JSON on stdout; everything else is on stderr')
    .option('--debug', 'show the stack of an error')
    .addHelpText('after', `\nExamples:\n${lines}`);
}

/**
 * Runs a command when it is chosen, and ends the process with its code. Whatever it throws is told,
 * never shown as a stack.
 */
export function runs<Options extends CommonOptions>(
  command: Command,
  run: (screen: Screen, options: Options, ...args: string[]) => Promise<ExitCode | undefined>,
): void {
  command.action(async (...given: unknown[]) => {
    // Commander passes the arguments, a list where the last may come again, the options, itself.
    const args = given
      .slice(0, -2)
      .flat()
      .filter((arg) => arg !== undefined) as string[];
    const options = given.at(-2) as Options;
    const screen = new Screen(options);
    try {
      process.exitCode = (await run(screen, options, ...args)) ?? EXIT.ok;
    } catch (error) {
      process.exitCode = tellFailure(error, screen);
    } finally {
      screen.settle();
    }
  });
}
