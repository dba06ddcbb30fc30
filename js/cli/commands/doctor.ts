/** `unexhausted doctor`: whether everything is in place. */
import type { Command } from 'commander';
import { classifyError, type ErrorInfo, type ModelInfo, models } from '../../index.js';
import { define, runs } from '../command.js';
import { EXIT, type ExitCode } from '../exit.js';
import { exitCodeOf, linesOf } from '../failure.js';
import { messageOf, Problem } from '../problem.js';
import { requestOf } from '../request.js';
import type { Screen } from '../screen.js';
import {
  addressOf,
  addressPlace,
  keyOf,
  missingKey,
  openClient,
  type ServiceOptions,
  takesService,
} from '../service.js';
import { duration, money, plain } from '../words.js';

/** A clock that is further off than this, in ms, is told: a header knows the second, a trip takes one. */
const MOST_SKEW = 5_000;

/** How long a look at the service may take, in ms. */
const PATIENCE = 20_000;

interface Options extends ServiceOptions {
  model?: string;
  yes?: boolean;
}

/** The result of one check. */
interface Check {
  name: string;
  /** Absent where nothing can be said. */
  ok?: boolean;
  text: string;
  advice?: string;
  /** The exit code of a check that failed. Default: 1. */
  exitCode?: ExitCode;
}

/** Adds the command. */
export function addDoctor(program: Command): void {
  const command = define(program, {
    usage: 'doctor',
    summary: 'check the key, the network, the clock and the tier',
    details:
      'All but the last check are free. The last makes one picture with the cheapest model; it is ' +
      'made only with --yes, or when you agree on a terminal.',
    examples: ['doctor', 'doctor --yes --json'],
  });
  command
    .option('-m, --model <id>', 'the model of the last check (default: the cheapest)')
    .option('--yes', 'make the call that costs');
  takesService(command);
  runs(command, examine);
}

async function examine(screen: Screen, options: Options): Promise<ExitCode> {
  const checks: Check[] = [];
  const report = (check: Check) => {
    checks.push(check);
    screen.result(words(check, screen));
  };
  const end = (ended: ExitCode) => {
    const wrong = ended === EXIT.ok && checks.some(({ ok }) => ok === false);
    const code = wrong ? EXIT.failed : ended;
    screen.data({ checks, exitCode: code });
    return code;
  };
  const found = keyOf(options, screen);
  if (found === undefined) {
    report({ name: 'key', ok: false, text: missingKey(options) });
    return end(EXIT.usage);
  }
  report({ name: 'key', ok: true, text: `${found.name} ${`is set ${found.place}`.trim()}` });
  const model = options.model ?? cheapest(await models());
  const address = addressOf(options);
  const looks = await look(address, addressPlace(options), found.key, model);
  for (const check of looks) report(check);
  // Neither a wrong clock nor anything else after it stands in the way of a call.
  const failed = looks.find(({ name, ok }) => ok === false && name !== 'clock');
  if (failed !== undefined) return end(failed.exitCode ?? EXIT.failed);
  report(await tier(screen, options, model));
  const price = priceOf(await models(), model);
  if (!(await agreed(screen, options, model, price))) {
    report({ name: 'call', text: `left out; --yes makes one with ${model}, for ${price}` });
    return end(EXIT.ok);
  }
  const { check, code } = await call(screen, options, model);
  report(check);
  return end(code);
}

/** Asks for the model, which is free, and looks at what comes back. */
async function look(address: string, place: string, key: string, model: string): Promise<Check[]> {
  const { host } = new URL(address);
  const named = place === '' ? host : `${host} (${place})`;
  const sent = Date.now();
  let response: Response;
  let body: string;
  try {
    response = await fetch(`${address}/v1beta/models?pageSize=1000`, {
      headers: { 'x-goog-api-key': key },
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    });
    body = await response.text();
  } catch (error) {
    const info = classifyError(error);
    const { summary, advice } = info;
    return [
      { name: 'network', ok: false, text: `${named}: ${summary}`, advice, exitCode: codeOf(info) },
    ];
  }
  const took = Date.now() - sent;
  const network = {
    name: 'network',
    ok: true,
    text: `${named} answered in ${duration(took)}`,
  };
  const checks: Check[] = [network, clock(response.headers.get('date'), sent + took / 2)];
  if (!response.ok) {
    const { status, headers } = response;
    const info = classifyError({ status, headers, body });
    const { summary, advice } = info;
    const exitCode = codeOf(info);
    return [...checks, { name: 'access', ok: false, text: summary, advice, exitCode }];
  }
  return [...checks, listed(body, model)];
}

function codeOf({ kind, retry }: ErrorInfo): ExitCode {
  if (kind === 'unauthenticated') return EXIT.usage;
  return retry === 'never' ? EXIT.failed : EXIT.later;
}

function clock(header: string | null, local: number): Check {
  const there = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(there)) return { name: 'clock', text: 'the service does not tell the time' };
  // The header leaves out the milliseconds.
  const skew = local - (there + 500);
  const by = duration(Math.abs(skew));
  if (Math.abs(skew) <= MOST_SKEW) return { name: 'clock', ok: true, text: 'right' };
  return {
    name: 'clock',
    ok: false,
    text: `${by} ${skew > 0 ? 'fast' : 'slow'}, by the service's Date`,
    advice: 'Set it by NTP: waits and the day of a quota are counted by it.',
  };
}

function listed(body: string, model: string): Check {
  let names: unknown[];
  try {
    const { models: rows = [] } = JSON.parse(body) as { models?: { name?: string }[] };
    names = rows.map(({ name }) => name);
  } catch (error) {
    return {
      name: 'access',
      ok: false,
      text: `the list of models is no JSON: ${messageOf(error)}`,
    };
  }
  if (names.includes(`models/${model}`)) {
    return { name: 'access', ok: true, text: `the key is taken, and ${model} is there` };
  }
  const text = `the key is taken, but ${model} is not among its ${names.length} models`;
  return { name: 'access', ok: false, text, advice: 'See: unexhausted models' };
}

/** The service has no call that names the tier; what it named when it refused is remembered. */
async function tier(screen: Screen, options: Options, model: string): Promise<Check> {
  const client = await openClient(options, screen, { models: [model] });
  const [report] = await client.quota().finally(() => client.close());
  const known = (report?.limits ?? []).filter(({ limit }) => limit !== undefined);
  if (known.length === 0) {
    return {
      name: 'tier',
      text: 'not told by the service; see https://aistudio.google.com/rate-limit',
    };
  }
  const limits = known.map(({ dimension, limit }) => `${limit} ${plain(dimension)}`).join(', ');
  const none = known.some(({ limit }) => limit === 0);
  return {
    name: 'tier',
    ok: !none,
    text: none ? `${model} is not in it` : `by what the service refused: ${limits}`,
  };
}

async function agreed(
  screen: Screen,
  { yes, json }: Options,
  model: string,
  price: string,
): Promise<boolean> {
  if (yes) {
    screen.note(`asking ${model} for one picture, for ${price}`);
    return true;
  }
  if (json || !process.stdin.isTTY || !screen.live) return false;
  try {
    const answer = await screen.ask(`Make one picture with ${model}, for ${price}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    // Ctrl-C at the question.
    throw new Problem('stopped', EXIT.interrupted);
  }
}

async function call(
  screen: Screen,
  options: Options,
  model: string,
): Promise<{ check: Check; code: ExitCode }> {
  const client = await openClient(options, screen, { models: [model] });
  try {
    const request = requestOf({ prompt: 'a small grey circle' });
    const { cost, attempts } = await client.generate(request, { retry: { maxAttempts: 1 } });
    const took = duration(attempts.at(-1)?.took ?? 0);
    const price = cost === undefined ? 'price not known' : money(cost);
    return {
      check: { name: 'call', ok: true, text: `${model} made a picture in ${took}, ${price}` },
      code: EXIT.ok,
    };
  } catch (error) {
    const [text = '', ...advice] = linesOf(error);
    return {
      check: { name: 'call', ok: false, text, advice: advice.join('\n') },
      code: exitCodeOf(error),
    };
  } finally {
    client.close();
  }
}

function cheapest(all: readonly ModelInfo[]): string {
  const price = ({ sizes }: ModelInfo) => Math.min(...sizes.map((size) => size.price));
  const stable = all.filter(({ status }) => status === 'stable');
  return stable.reduce((least, row) => (price(row) < price(least) ? row : least)).id;
}

function priceOf(all: readonly ModelInfo[], model: string): string {
  const found = all.find(({ id, olderNames }) => id === model || olderNames?.includes(model));
  const price = found?.sizes[0]?.price;
  return price === undefined ? 'a price that is not known' : `about ${money(price)}`;
}

function words({ name, ok, text, advice }: Check, screen: Screen): string {
  const { green, red, dim } = screen.colors;
  const mark = ok === undefined ? dim('-') : ok ? green('ok') : red('no');
  const line = `${mark.padEnd(mark.length + (ok === undefined ? 1 : 0))} ${name.padEnd(8)} ${text}`;
  return advice === undefined || advice === '' ? line : `${line}\n${advice.replace(/^/gm, '   ')}`;
}
