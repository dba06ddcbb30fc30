/** The requests of a batch, from a file or stdin, one after the other and never as a whole. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { checkData } from '../client/data.js';
import type { BatchRequest, GenerateRequest } from '../index.js';
import { messageOf, Problem } from './problem.js';
import { faultOf, requestOf, type Wish } from './request.js';

/** How requests are written. */
export const FORMATS = ['txt', 'jsonl', 'csv'] as const;

/** One of them. */
export type Format = (typeof FORMATS)[number];

/** The source of requests, and the defaults of those that do not say. */
export interface Source {
  /** A path, or `-` for stdin. */
  file: string;
  /** Default: by the file's name; `txt` on stdin. */
  format?: Format | undefined;
  defaults: Omit<Wish, 'prompt'>;
}

/** One request, and what is known of it before it is sent. */
export interface Entry {
  request: BatchRequest;
  /** The line that it is from. */
  where: string;
  /** The prompt and the values that it is made of, where it is no request of the user's own. */
  wish?: Wish;
  /** Its words, where it is one prompt. */
  prompt?: string | undefined;
  /** The model that it names, if any. */
  model?: string | undefined;
  size?: string | undefined;
}

const COLUMNS = ['prompt', 'key', 'model', 'size', 'aspect'];

/**
 * Reads requests. Empty lines are left out; `onSkipped` is told how many there were.
 *
 * @throws {Problem} that names the line, where one cannot be read.
 */
export async function* readEntries(
  source: Source,
  onSkipped: (lines: number) => void = () => {},
): AsyncGenerator<Entry> {
  const format = formatOf(source);
  const stream = open(source.file);
  try {
    if (format === 'csv') yield* readTable(stream, source);
    else yield* readLines(stream, source, format, onSkipped);
  } finally {
    stream.destroy();
  }
}

/** The format that a file's name says. */
function formatOf({ file, format }: Source): Format {
  if (format !== undefined) return format;
  if (file === '-') return 'txt';
  const ending = extname(file).toLowerCase();
  if (ending === '.txt') return 'txt';
  if (ending === '.jsonl' || ending === '.ndjson') return 'jsonl';
  if (ending === '.csv') return 'csv';
  throw new Problem(`${file} is no .txt, .jsonl or .csv: say which it is with --format`);
}

function open(file: string): NodeJS.ReadableStream & { destroy(): unknown } {
  if (file === '-') return process.stdin;
  if (!existsSync(file)) throw new Problem(`there is no file ${file}`);
  if (statSync(file).isDirectory()) throw new Problem(`${file} is a folder`);
  return createReadStream(file);
}

async function* readLines(
  stream: NodeJS.ReadableStream,
  { file, defaults }: Source,
  format: 'txt' | 'jsonl',
  onSkipped: (lines: number) => void,
): AsyncGenerator<Entry> {
  let failure: unknown;
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  // Readline does not pass on what its stream says.
  stream.on('error', (error: unknown) => {
    failure = error;
    lines.close();
  });
  let number = 0;
  let skipped = 0;
  for await (const line of lines) {
    number += 1;
    // A byte order mark, as some editors write one, is space to `trim`.
    const text = line.trim();
    const where = `${file}, line ${number}`;
    if (text === '') skipped += 1;
    else if (format === 'txt') yield entry({ ...defaults, prompt: text }, where);
    else yield fromJson(text, where, defaults);
  }
  if (failure !== undefined) throw new Problem(`${file} cannot be read: ${messageOf(failure)}`);
  if (skipped > 0) onSkipped(skipped);
}

async function* readTable(
  stream: NodeJS.ReadableStream,
  { file, defaults }: Source,
): AsyncGenerator<Entry> {
  const columns = (head: string[]) => {
    const names = head.map((name) => name.trim().toLowerCase());
    const unknown = names.filter((name) => !COLUMNS.includes(name));
    if (unknown.length > 0 || !names.includes('prompt')) {
      const what = unknown.length > 0 ? `unknown column ${unknown[0]}` : 'no column prompt';
      throw new Problem(`${file}: ${what}; the columns are ${COLUMNS.join(', ')}`);
    }
    return names;
  };
  const parser = parse({ columns, bom: true, trim: true, skip_empty_lines: true, info: true });
  stream.on('error', (error: Error) => parser.destroy(error));
  stream.pipe(parser);
  try {
    for await (const { record, info } of parser) {
      const { prompt, key, model, size, aspect } = record as Record<string, string>;
      if (!prompt) throw new Problem(`${file}, line ${info.lines}: the prompt is empty`);
      const wish = {
        ...defaults,
        prompt,
        ...(model ? { model } : {}),
        ...(size ? { size } : {}),
        ...(aspect ? { aspect } : {}),
      };
      yield entry(wish, `${file}, line ${info.lines}`, key || undefined);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** `{"prompt"}`, `{"request"}` or a request itself, each with a "key" or without. */
function fromJson(text: string, where: string, defaults: Source['defaults']): Entry {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem(`${where}: no JSON: ${messageOf(error)}`);
  }
  if (typeof value === 'string') return entry({ ...defaults, prompt: value }, where);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem(`${where}: neither an object nor a text`);
  }
  const { key, ...rest } = value as Record<string, unknown>;
  if (key !== undefined && (typeof key !== 'string' || key === '')) {
    throw new Problem(`${where}: "key" must be a text`);
  }
  if ('prompt' in rest) return entry(wishOf(rest, where, defaults), where, key);
  const unknown = 'request' in rest && Object.keys(rest).find((name) => name !== 'request');
  if (unknown) throw new Problem(`${where}: unknown "${unknown}" beside "request"`);
  const request = rest['request'] ?? ('contents' in rest ? rest : undefined);
  if (typeof request === 'string') return entry({ ...defaults, prompt: request }, where, key);
  if (typeof request !== 'object' || request === null) {
    throw new Problem(`${where}: it needs "prompt", "request" or "contents"`);
  }
  try {
    checkData(request);
  } catch (error) {
    throw new Problem(`${where}: ${messageOf(error).replace(/^unexhausted: /, '')}`);
  }
  return fromRequest(request as GenerateRequest, where, key, defaults);
}

function wishOf(
  fields: Record<string, unknown>,
  where: string,
  defaults: Source['defaults'],
): Wish {
  for (const [name, value] of Object.entries(fields)) {
    if (!COLUMNS.includes(name)) {
      throw new Problem(
        `${where}: unknown "${name}"; known beside "prompt": key, model, size, aspect`,
      );
    }
    if (typeof value !== 'string') throw new Problem(`${where}: "${name}" must be a text`);
  }
  return { ...defaults, ...(fields as Partial<Wish>), prompt: String(fields['prompt']) };
}

/** A request goes as it is, but for the model of the command line. */
function fromRequest(
  request: GenerateRequest,
  where: string,
  key: string | undefined,
  defaults: Source['defaults'],
): Entry {
  const model = request.model ?? defaults.model;
  const full = model === undefined ? request : { ...request, model };
  const { imageSize: size, aspectRatio: aspect } = request.config?.imageConfig ?? {};
  const fault = faultOf({ model, size, aspect });
  if (fault !== undefined) throw new Problem(`${where}: ${fault}`);
  const prompt = typeof request.contents === 'string' ? request.contents : undefined;
  return { request: key === undefined ? full : { key, request: full }, where, prompt, model, size };
}

function entry(wish: Wish, where: string, key?: string): Entry {
  const { prompt, model, size } = wish;
  if (prompt.trim() === '') throw new Problem(`${where}: the prompt is empty`);
  const fault = faultOf(wish);
  if (fault !== undefined) throw new Problem(`${where}: ${fault}`);
  const request = requestOf(wish);
  const keyed = key === undefined ? request : { key, request };
  return { request: keyed, where, wish, prompt, model, size };
}
