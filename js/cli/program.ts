/** The command line as a whole. */
import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { Command, CommanderError } from 'commander';
import { addBatch } from './commands/batch.js';
import { addDoctor } from './commands/doctor.js';
import { addEmulator } from './commands/emulator.js';
import { addExplain } from './commands/explain.js';
import { addGenerate } from './commands/generate.js';
import { addJobs } from './commands/jobs.js';
import { addModels } from './commands/models.js';
import { addPlan } from './commands/plan.js';
import { addQuota } from './commands/quota.js';
import { EXIT, exitCodesHelp } from './exit.js';
import { onClosedPipe } from './pipe.js';
import { shown } from './terminal.js';

/** Runs the command line; the exit code is set, and the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<void> {
  onClosedPipe();
  guardConsole();
  const program = new Command('unexhausted');
  program
    .description(
      'Images from the Gemini API, through 429 RESOURCE_EXHAUSTED, 503, 504 and the rest.',
    )
    .version(version())
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => process.stdout.write(shown(text)),
      writeErr: (text) => process.stderr.write(shown(text)),
      // An unknown option is shown without its value, which may be a key.
      outputError: (text, write) => write(text.replace(/(unknown option '[^'=]*)=[^']*'/, "$1'")),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('afterAll', `\n${exitCodesHelp()}`)
    .exitOverride();
  addGenerate(program);
  addBatch(program);
  addQuota(program);
  addPlan(program);
  addExplain(program);
  addModels(program);
  addJobs(program);
  addEmulator(program);
  addDoctor(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are what was asked for.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** Sends the output of the console, as warnings of the library, to stderr: each of them once. */
function guardConsole(): void {
  const said = new Set<string>();
  const write = (...given: unknown[]) => {
    const text = shown(format(...given));
    // A batch looks at its requests with a client of its own, before it sends them with another.
    if (said.has(text)) return;
    said.add(text);
    process.stderr.write(`${text}\n`);
  };
  for (const name of ['error', 'warn', 'log', 'info', 'debug'] as const) console[name] = write;
}

/** That of the package, which this file lies two folders deep in. */
function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
