/** The client of a command: key, address, limits, and the quota that is remembered between runs. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Client, type ClientOptions, createClient, type ModelLimits } from '../index.js';
import { fileStore } from '../stores/file.js';
import type { CommonOptions } from './command.js';
import { messageOf, Problem } from './problem.js';
import type { Screen } from './screen.js';
import { readCount } from './values.js';

/** Options of a command that calls the service. */
export interface ServiceOptions extends CommonOptions {
  baseUrl?: string;
  apiKeyEnv?: string;
  project?: string;
  stateDir?: string;
}

/** Options about limits that are known. */
export interface LimitOptions {
  rpm?: number;
  rpd?: number;
  tier?: 'tier1' | 'tier2' | 'tier3';
}

/** The options that every command that calls the service takes. */
export function takesService(command: Command): Command {
  return command
    .option('--base-url <url>', 'ask this address (default: GOOGLE_GEMINI_BASE_URL, else Google)')
    .option(
      '--api-key-env <name>',
      'the environment variable with the key (default: GOOGLE_API_KEY, then GEMINI_API_KEY)',
    )
    .option('--project <name>', 'share the quota with all keys of this project')
    .option(
      '--state-dir <dir>',
      'where the quota is remembered (default: $XDG_STATE_HOME/unexhausted, or ~/.local/state/unexhausted)',
    );
}

/** The options about limits. */
export function takesLimits(command: Command): Command {
  return command
    .option('--rpm <n>', 'requests a minute of each model (default: learned)', readCount)
    .option('--rpd <n>', 'requests a day of each model (default: learned)', readCount)
    .addOption(
      new Option('--tier <tier>', 'the limits of your tier, as last published')
        .choices(['tier1', 'tier2', 'tier3'])
        .conflicts(['rpm', 'rpd']),
    );
}

/** The variable with the key, and the key, which is never shown; `undefined` where there is none. */
export function keyOf({ apiKeyEnv }: ServiceOptions): { name: string; key: string } | undefined {
  const names = apiKeyEnv === undefined ? ['GOOGLE_API_KEY', 'GEMINI_API_KEY'] : [apiKeyEnv];
  const name = names.find((each) => process.env[each]);
  if (name === undefined) return undefined;
  return { name: shown(name), key: process.env[name] ?? '' };
}

/** One sentence on what to set. */
export function missingKey({ apiKeyEnv }: ServiceOptions): string {
  if (apiKeyEnv !== undefined)
    return `no API key: ${shown(apiKeyEnv)} is not set in the environment`;
  return 'no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY), or name a variable with --api-key-env';
}

/** A variable's name, unless it may be the key itself, given by mistake. */
function shown(name: string): string {
  return /^[A-Z][A-Z0-9_]*$/.test(name) ? name : 'the variable of --api-key-env';
}

/** Google's address, which the library asks where nothing else is said. */
const GOOGLE = 'https://generativelanguage.googleapis.com';

/** The address that is asked, without a slash at the end. */
export function addressOf({ baseUrl }: ServiceOptions): string {
  const address = baseUrl ?? (process.env['GOOGLE_GEMINI_BASE_URL'] || GOOGLE);
  return checkedUrl(address).replace(/\/+$/, '');
}

/** The folder in which quotas are remembered. */
export function stateDirectory({ stateDir }: ServiceOptions): string {
  if (stateDir !== undefined) return resolve(stateDir);
  // The XDG base directory specification has relative paths ignored.
  const state = process.env['XDG_STATE_HOME'];
  const base = state?.startsWith('/') ? state : join(homedir(), '.local', 'state');
  return join(base, 'unexhausted');
}

/**
 * A client that shares its quota with all commands of this user. `named` are the models that requests
 * name beside the chain, for which the limits count too.
 *
 * @throws {Problem} where there is no key, or the address is none.
 */
export async function openClient(
  options: ServiceOptions & LimitOptions,
  screen: Screen,
  more: ClientOptions = {},
  named: readonly string[] = [],
): Promise<Client> {
  const found = keyOf(options);
  if (found === undefined) throw new Problem(missingKey(options));
  const client: ClientOptions = { apiKey: found.key, ...more, store: storeOf(options, screen) };
  const { baseUrl, project } = options;
  if (baseUrl !== undefined) client.baseUrl = checkedUrl(baseUrl);
  if (project !== undefined) client.project = project;
  const limits = await limitsOf(options, client, named);
  if (limits !== undefined) client.limits = limits;
  const opened = createClient(client);
  opened.on('storeDown', ({ down }) => {
    if (down) screen.note('the quota cannot be remembered: its folder does not answer');
  });
  return opened;
}

function storeOf(options: ServiceOptions, screen: Screen): NonNullable<ClientOptions['store']> {
  const folder = stateDirectory(options);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    screen.note(`the quota cannot be remembered: ${messageOf(error)}`);
  }
  return fileStore(folder);
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Problem('the address of the service must be like https://example.com');
  }
  return text;
}

async function limitsOf(
  { rpm, rpd, tier }: LimitOptions,
  client: ClientOptions,
  named: readonly string[],
): Promise<ClientOptions['limits']> {
  if (tier !== undefined) return tier;
  if (rpm === undefined && rpd === undefined) return undefined;
  const each: ModelLimits = { rpm, rpd };
  const models = [...(await chainOf(client)), ...named];
  return Object.fromEntries(models.map((model) => [model, each]));
}

/** The model that is asked first where a request names none. */
export async function firstModel(options: ClientOptions): Promise<string> {
  const [first = ''] = await chainOf(options);
  return first;
}

/** The models that a client asks, in order; the library knows the default. */
async function chainOf({ models }: ClientOptions): Promise<string[]> {
  const client = createClient({ apiKey: 'none', ...(models === undefined ? {} : { models }) });
  const reports = await client.quota();
  client.close();
  return reports.map(({ model }) => model);
}
