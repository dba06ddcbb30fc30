/** `unexhausted generate`: one picture. */
import type { Command } from 'commander';
import type { ClientOptions, GenerateResult } from '../../index.js';
import { openCheck } from '../check.js';
import { define, runs } from '../command.js';
import { estimateWords, Tally } from '../estimate.js';
import { EXIT } from '../exit.js';
import { readInput, tellStdin } from '../input.js';
import { onInterrupt } from '../interrupt.js';
import { nameFrom } from '../names.js';
import { readPicture } from '../pictures.js';
import { Problem } from '../problem.js';
import type { Entry } from '../prompts.js';
import { chain, type PictureOptions, requestOf, takesPicture } from '../request.js';
import type { Screen } from '../screen.js';
import {
  firstModel,
  type LimitOptions,
  limitsMet,
  openClient,
  type ServiceOptions,
  takesLimits,
  takesService,
} from '../service.js';
import { openTarget, type Target } from '../target.js';
import { readAgain, readDuration, readList, readMoney } from '../values.js';
import { count, duration, moment, money } from '../words.js';

interface Options extends ServiceOptions, PictureOptions, LimitOptions {
  out?: string;
  image?: string[];
  deadline?: number;
  timeout?: number;
  maxCost?: number;
  dryRun?: boolean;
  force?: boolean;
}

/** Adds the command. */
export function addGenerate(program: Command): void {
  const command = define(program, {
    usage: 'generate <prompt>',
    summary: 'make a picture, and get through what is in the way',
    details: 'A prompt of `-` is read from stdin. The path of the picture is printed on stdout.',
    examples: [
      'generate "a lighthouse at dusk" -o lighthouse.png',
      'generate "the same by night" --image lighthouse.png --size 2K',
      'generate "a red kite" -m gemini-nano-banana-2.1 --deadline 90s',
    ],
  });
  takesPicture(command)
    .option('-o, --out <file>', 'the file, a folder, or `-` for stdout (default: by the prompt)')
    .option('--image <file>', 'a reference image; may come again', readAgain)
    .option('--fallback <ids>', 'models to go on to, with commas; may come again', readList)
    .option('--deadline <time>', 'how long it may take in all, as 90s or 10m', readDuration)
    .option('--timeout <time>', 'how long one attempt may take (default: 180s)', readDuration)
    .option('--max-cost <usd>', 'what the picture may cost at most', readMoney)
    .option('-n, --dry-run', 'say what it would cost, and send nothing')
    .option('--force', 'overwrite a file that is there');
  takesLimits(command);
  takesService(command);
  runs(command, generate);
}

async function generate(screen: Screen, options: Options, prompt = ''): Promise<undefined> {
  const { image = [], size, aspect, deadline, timeout, maxCost, force = false } = options;
  if (prompt === '-') tellStdin(screen);
  const text = (prompt === '-' ? await readInput(process.stdin) : prompt).trim();
  if (text === '') throw new Problem('the prompt is empty');
  const request = requestOf({ prompt: text, size, aspect, references: image.map(readPicture) });
  if (options.dryRun) return estimate(screen, options, { request, where: 'the request', size });
  const on = narration(screen);
  const target = openTarget(options.out, nameFrom(text), force);
  try {
    const client = await openClient(options, screen, { ...chain(options), on });
    const abort = new AbortController();
    const done = onInterrupt({
      once: () => abort.abort(new Problem('stopped; nothing was saved', EXIT.interrupted)),
    });
    try {
      const { signal } = abort;
      const result = await client.generate(request, { signal, deadline, timeout, maxCost });
      screen.settle();
      await save(screen, result, target);
    } finally {
      done();
      client.close();
    }
  } finally {
    target.close();
  }
}

/** Says what a picture would cost with the model that is asked first. */
async function estimate(screen: Screen, options: Options, entry: Entry): Promise<undefined> {
  const models = chain(options);
  const check = await openCheck(models);
  await check.see(entry).finally(() => check.close());
  const tally = new Tally(await firstModel(models));
  tally.add(entry, 'toMake');
  const limits = await limitsMet(options, screen, models, tally.models);
  const made = await tally.estimate('realtime', limits);
  screen.data(made);
  screen.result(estimateWords(made));
}

async function save(screen: Screen, result: GenerateResult, target: Target): Promise<void> {
  const { images, model, attempts, waited, cost, possibleCost, switches, skipped } = result;
  const { dim } = screen.noteColors;
  const waiting = waited < 100 ? '' : `, waited ${duration(waited)}`;
  const price = cost === undefined ? 'price not known' : money(cost);
  const types = [...new Set(images.map(({ mimeType }) => mimeType))].join(', ');
  screen.note(dim(`${model}, ${types}, ${count(attempts.length, 'attempt')}${waiting}, ${price}`));
  if (possibleCost > 0)
    screen.note(`lost answers may have cost ${money(possibleCost)} beside that`);
  const files = await target.save(images);
  // Stdout has the picture then.
  if (files.length === 0) return;
  for (const file of files) screen.result(file);
  screen.data({ files, model, cost, possibleCost, waited, attempts, switches, skipped });
}

/** Listeners that print a line for each event. */
function narration(screen: Screen): NonNullable<ClientOptions['on']> {
  const { yellow } = screen.noteColors;
  let said = '';
  return {
    attempt: ({ attempt, model = '' }) => {
      if (screen.live) screen.watch(() => `asking ${model} (attempt ${attempt})`);
    },
    retry: ({ attempt, info }) => {
      // Before the first request there is only a wait, which is told with its reason.
      if (attempt === 0) return;
      said = info.summary;
      screen.note(`attempt ${attempt}: ${said}`);
    },
    waiting: ({ retryAt, info }) => {
      const left = () => duration(retryAt.getTime() - Date.now());
      // The reason of a retry has just been told.
      const why = info.summary === said ? '' : `: ${info.summary}`;
      const line = () => yellow(`waiting until ${moment(retryAt)} (${left()})${why}`);
      if (screen.live) screen.watch(line);
      else screen.note(line());
    },
    fallback: ({ from = '', model = '', info }) =>
      screen.note(`${from} -> ${model}: ${info.summary}`),
    modelRetired: ({ model, status, successor }) =>
      screen.note(`${model} is ${status}${successor === undefined ? '' : `: use ${successor}`}`),
  };
}
