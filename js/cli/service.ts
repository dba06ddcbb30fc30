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

/** The key, which is told apart from its absence and is never shown. */
export function keyOf({ apiKeyEnv }: ServiceOptions): string | undefined {
  if (apiKeyEnv !== undefined) return process.env[apiKeyEnv] || undefined;
  return process.env['GOOGLE_API_KEY'] || process.env['GEMINI_API_KEY'] || undefined;
}

/** One sentence on what to set. */
export function missingKey({ apiKeyEnv }: ServiceOptions): string {
  if (apiKeyEnv === undefined) {
    return 'no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY), or name a variable with --api-key-env';
  }
  // Somebody may have given the key itself.
  const name = /^[A-Z][A-Z0-9_]*$/.test(apiKeyEnv) ? apiKeyEnv : 'the variable of --api-key-env';
  return `no API key: ${name} is not set in the environment`;
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
 * A client that shares its quota with all commands of this user.
 *
 * @throws {Problem} where there is no key, or the address is none.
 */
export async function openClient(
  options: ServiceOptions & LimitOptions,
  screen: Screen,
  more: ClientOptions = {},
): Promise<Client> {
  const apiKey = keyOf(options);
  if (apiKey === undefined) throw new Problem(missingKey(options));
  const client: ClientOptions = { apiKey, ...more, store: storeOf(options, screen) };
  const { baseUrl, project } = options;
  if (baseUrl !== undefined) client.baseUrl = checkedUrl(baseUrl);
  if (project !== undefined) client.project = project;
  const limits = await limitsOf(options, client);
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
    throw new Problem('--base-url takes an address as https://example.com');
  }
  return text;
}

async function limitsOf(
  { rpm, rpd, tier }: LimitOptions,
  client: ClientOptions,
): Promise<ClientOptions['limits']> {
  if (tier !== undefined) return tier;
  if (rpm === undefined && rpd === undefined) return undefined;
  const each: ModelLimits = { rpm, rpd };
  return Object.fromEntries((await chainOf(client)).map((model) => [model, each]));
}

/** The models that a client asks, in order; the library knows the default. */
async function chainOf({ models }: ClientOptions): Promise<string[]> {
  const client = createClient({ apiKey: 'none', ...(models === undefined ? {} : { models }) });
  const reports = await client.quota();
  client.close();
  return reports.map(({ model }) => model);
}
