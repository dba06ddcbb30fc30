/** `unexhausted models`: what there is, and what it costs. */
import type { Command } from 'commander';
import { type ModelInfo, models } from '../../index.js';
import { type CommonOptions, define, runs } from '../command.js';
import { Problem } from '../problem.js';
import { SIZES } from '../request.js';
import type { Screen } from '../screen.js';
import { table } from '../table.js';
import { money, plain } from '../words.js';

/** The columns that a table with the names of the models takes. */
const WIDE = 100;

interface Options extends CommonOptions {
  all?: boolean;
}

/** Adds the command. */
export function addModels(program: Command): void {
  const command = define(program, {
    usage: 'models [id]',
    summary: 'list the image models, their sizes and prices',
    details: 'Prices are USD for one picture. With an id, all that is known of that model.',
    examples: ['models', 'models gemini-3-pro-image', 'models --all --json'],
  }).option('--all', 'also those that are retired');
  runs(command, list);
}

async function list(screen: Screen, { all }: Options, id?: string): Promise<undefined> {
  const rows = await models();
  if (id !== undefined) {
    const found = rows.find((row) => row.id === id || row.olderNames?.includes(id));
    if (found === undefined) throw new Problem(`no model ${id} is known; see: unexhausted models`);
    screen.data(found);
    screen.result(details(found));
    return;
  }
  const shown = all ? rows : rows.filter(({ status }) => status !== 'retired');
  screen.data(shown);
  const isWide = screen.width >= WIDE;
  const parts = [
    prices(
      shown.filter(({ status }) => status !== 'retired'),
      isWide,
    ),
  ];
  if (all) parts.push(retired(shown.filter(({ status }) => status === 'retired')));
  screen.result(parts.join('\n\n'));
}

/** The models that can be asked, and a picture's price by its size. */
function prices(rows: readonly ModelInfo[], isWide: boolean): string {
  return table(
    ['model', ...(isWide ? ['name'] : []), 'status', ...SIZES],
    rows.map((row) => [
      row.id,
      ...(isWide ? [row.name] : []),
      row.ends?.gemini === undefined ? row.status : `ends ${row.ends.gemini}`,
      ...SIZES.map((size) => priceOf(row, size)),
    ]),
  );
}

function retired(rows: readonly ModelInfo[]): string {
  return table(
    ['retired', 'ended', 'use'],
    // The month alone, so that a line fits a terminal; the day is among the facts of the model.
    rows.map(({ id, ends, successor }) => [id, ends?.gemini?.slice(0, 7) ?? '', successor ?? '']),
  );
}

function priceOf({ sizes }: ModelInfo, size: string): string {
  const found = sizes.find((row) => row.size === size);
  return found === undefined ? '–' : money(found.price);
}

/** A fact in words. The prices of the catalogue are USD for a million tokens. */
function wordsOf(key: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    return key.endsWith('Price')
      ? `${money(value)} a million tokens`
      : value.toLocaleString('en-US');
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name} ${wordsOf(name, part)}`);
  return parts.join(', ');
}

function details(model: ModelInfo): string {
  const { sizes, ratios, ...rest } = model;
  const prices = sizes.map(({ size, price, batchPrice }) => {
    const batch = batchPrice === undefined ? '' : ` (Batch API ${money(batchPrice)})`;
    return `${size} ${money(price)}${batch}`;
  });
  const lines = Object.entries({ ...rest, sizes: prices, ratios }).map(([key, value]) => {
    const words = plain(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    return [words, wordsOf(key, value)] as const;
  });
  const width = Math.max(...lines.map(([key]) => key.length));
  return lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n');
}
