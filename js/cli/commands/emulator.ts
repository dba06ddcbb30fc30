/** `unexhausted emulator`: a fake service on this machine. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type ServerOptions, startEmulator } from '../../emulator/index.js';
import { type CommonOptions, define, runs } from '../command.js';
import { onInterrupt } from '../interrupt.js';
import { whenClosed } from '../pipe.js';
import { messageOf, Problem } from '../problem.js';
import type { Screen } from '../screen.js';
import { readCount, readDuration, readList, readMoney, readWhole } from '../values.js';

interface Options extends CommonOptions {
  port: number;
  host: string;
  rpm?: number;
  rpd?: number;
  spendLimit?: number;
  latency?: number;
  seed?: number;
  fault?: string[];
  config?: string;
}

/** Adds the command. */
export function addEmulator(program: Command): void {
  const command = define(program, {
    usage: 'emulator',
    summary: 'start a fake Gemini service with quotas and faults, over HTTP',
    details: 'It runs until Ctrl-C. Pictures from it are patterns, and nothing is charged.',
    examples: [
      'emulator --port 8080 --rpm 10',
      'emulator --fault 503 --fault 429-detailed --latency 2s',
      'emulator --config storm.json',
    ],
  });
  command
    .option('--port <port>', 'the port; 0 takes a free one', readWhole, 0)
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .option('--rpm <n>', 'requests a minute of each model', readCount)
    .option('--rpd <n>', 'requests a day of each model', readCount)
    .option('--spend-limit <usd>', 'USD that an account may spend in ten minutes', readMoney)
    .option('--latency <time>', 'how long a picture takes, as 500ms (default: 12s)', readDuration)
    .option('--seed <n>', 'what all draws derive from (default: 1)', readWhole)
    .option('--fault <names>', 'faults of the first requests, as 503; may come again', readList)
    .option('--config <file>', 'a JSON file with options of startEmulator');
  runs(command, serve);
}

async function serve(screen: Screen, options: Options): Promise<undefined> {
  const server = await startEmulator(serverOptions(options)).catch((error: unknown) => {
    throw new Problem(messageOf(error));
  });
  screen.data({ url: server.url, port: server.port });
  screen.result(server.url);
  screen.note(`use it: export GOOGLE_GEMINI_BASE_URL=${server.url} GEMINI_API_KEY=any`);
  screen.note(`its books: curl ${server.url}/__admin/ledger`);
  screen.note('Ctrl-C ends it.');
  // A program that reads the address and closes the pipe still wants the service.
  whenClosed(() => {});
  await new Promise<void>((resolve) => {
    const off = onInterrupt({
      once: () => {
        off();
        resolve();
      },
    });
  });
  await server.close();
}

function serverOptions(options: Options): ServerOptions {
  const { port, host, rpm, rpd, spendLimit, latency, seed, fault, config } = options;
  const given = config === undefined ? {} : readConfig(config);
  const limits = { ...(rpm === undefined ? {} : { rpm }), ...(rpd === undefined ? {} : { rpd }) };
  return {
    ...given,
    port,
    host,
    ...(Object.keys(limits).length === 0 ? {} : { limits: { '*': limits } }),
    ...(spendLimit === undefined ? {} : { spendLimit }),
    ...(latency === undefined ? {} : { latency }),
    ...(seed === undefined ? {} : { seed }),
    // The service itself refuses a fault that it does not know.
    ...(fault === undefined ? {} : { script: fault as NonNullable<ServerOptions['script']> }),
  };
}

function readConfig(file: string): ServerOptions {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServerOptions;
  } catch (error) {
    throw new Problem(`--config: ${messageOf(error)}`);
  }
}
