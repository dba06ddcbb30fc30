/** The client of a command: key, address, limits, and the quota that is remembered between runs. */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type Client,
  type ClientOptions,
  createClient,
  type ModelLimits,
  type QuotaReport,
} from '../index.js';
import { fileStore } from '../stores/file.js';
import { makeFolder } from '../stores/lock.js';
import type { CommonOptions } from './command.js';
import { placeOf, takeEnvFile } from './env-file.js';
import type { Limits } from './estimate.js';
import { messageOf, Problem } from './problem.js';
import type { Screen } from './screen.js';
import { readCount } from './values.js';

/** Options of a command that calls the service. */
export interface ServiceOptions extends CommonOptions {
  baseUrl?: string;
  apiKeyEnv?: string;
  project?: string;
  stateDir?: string;
  /** Whether `.env` is read. */
  env?: boolean;
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
    .option('--no-env', 'leave out the key and the address of a file .env in this folder')
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

/** A key, which is never shown, its variable, and in words the place of that. */
export interface FoundKey {
  name: string;
  key: string;
  /** Empty for the environment. */
  place: string;
}

/** The key of the environment or of `.env`; `undefined` where there is none. */
export function keyOf({ apiKeyEnv, env }: ServiceOptions, screen: Screen): FoundKey | undefined {
  const names = apiKeyEnv === undefined ? ['GOOGLE_API_KEY', 'GEMINI_API_KEY'] : [apiKeyEnv];
  if (env !== false) takeEnvFile(names, (text) => screen.note(text));
  const name = names.find((each) => process.env[each]);
  if (name === undefined) return undefined;
  return { name: shown(name), key: process.env[name] ?? '', place: placeOf(name) };
}

/** One sentence on what to set. */
export function missingKey({ apiKeyEnv }: ServiceOptions): string {
  if (apiKeyEnv !== undefined)
    return `no API key: ${shown(apiKeyEnv)} is not set in the environment`;
  return 'no API key: set GEMINI_API_KEY (or GOOGLE_API_KEY), here or in a file .env, or name a variable with --api-key-env';
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

/** The place of the address that is asked, in words; empty for an option and the environment. */
export function addressPlace({ baseUrl }: ServiceOptions): string {
  return baseUrl === undefined ? placeOf('GOOGLE_GEMINI_BASE_URL') : '';
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
  const found = keyOf(options, screen);
  if (found === undefined) throw new Problem(missingKey(options));
  const store = storeOf(options, screen);
  const client: ClientOptions = { apiKey: found.key, ...more, ...(store && { store }) };
  const { baseUrl, project } = options;
  if (baseUrl !== undefined) client.baseUrl = checkedUrl(baseUrl);
  if (project !== undefined) client.project = project;
  const limits = await limitsOf(options, client, named);
  if (limits !== undefined) client.limits = limits;
  const opened = createClient(client);
  opened.on('storeDown', ({ down }) => {
    if (down) forgets(screen, `${stateDirectory(options)} does not answer`);
  });
  return opened;
}

/** The store of the quota; `undefined` where its folder cannot be used, which is told. */
export function storeOf(
  options: ServiceOptions,
  screen: Screen,
): NonNullable<ClientOptions['store']> | undefined {
  const folder = stateDirectory(options);
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK);
    return fileStore(folder);
  } catch (error) {
    forgets(screen, messageOf(error));
    return undefined;
  }
}

let isForgetting = false;

/** Says that the quota is not remembered: once, however many clients a command opens. */
function forgets(screen: Screen, why: string): void {
  if (isForgetting) return;
  isForgetting = true;
  screen.note(`the quota cannot be remembered: ${why}`);
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

/** The limits that these models meet: those that are given, and of this key those that are remembered. */
export async function limitsMet(
  options: ServiceOptions & LimitOptions,
  screen: Screen,
  more: ClientOptions,
  named: readonly string[],
): Promise<Limits> {
  const key = keyOf(options, screen)?.key;
  // Nothing is made for a look: a folder that is not there remembers nothing.
  const hasMemory = key !== undefined && existsSync(stateDirectory(options));
  const reportsOf = async (given: LimitOptions): Promise<QuotaReport[]> => {
    const client: ClientOptions = { apiKey: key ?? 'none', models: [...named] };
    const store = hasMemory ? storeOf(options, screen) : undefined;
    if (store !== undefined) client.store = store;
    if (options.baseUrl !== undefined) client.baseUrl = checkedUrl(options.baseUrl);
    if (options.project !== undefined) client.project = options.project;
    const limits = await limitsOf(given, { ...client, ...more }, named);
    if (limits !== undefined) client.limits = limits;
    const opened = createClient(client);
    return opened.quota().finally(() => opened.close());
  };
  const { tier } = options;
  const reports = await reportsOf(options);
  const isKnown = reports.some(({ limits }) => limits.some(({ limit }) => limit !== undefined));
  if (isKnown) return { ...(tier === undefined ? {} : { tier }), reports };
  // Where nothing is known, the first tier that makes pictures at all is a fair guess.
  return { tier: 'tier1', reports: await reportsOf({ tier: 'tier1' }) };
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
