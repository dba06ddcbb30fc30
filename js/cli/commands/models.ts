/** `unexhausted models`: what there is, and what it costs. */
import type { Command } from 'commander';
import { type ModelInfo, models } from '../../index.js';
import { type CommonOptions, define, runs } from '../command.js';
import { Problem } from '../problem.js';
import type { Screen } from '../screen.js';
import { table } from '../table.js';
import { money, plain } from '../words.js';

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
  screen.result(
    table(
      ['model', 'name', 'status', 'ends', '512', '1K', '2K', '4K'],
      shown.map((row) => [
        row.id,
        row.name,
        row.status,
        row.ends?.gemini ?? '',
        ...(['512', '1K', '2K', '4K'] as const).map((size) => priceOf(row, size)),
      ]),
    ),
  );
}

function priceOf({ sizes }: ModelInfo, size: string): string {
  const found = sizes.find((row) => row.size === size);
  return found === undefined ? '–' : money(found.price);
}

function details(model: ModelInfo): string {
  const { sizes, ratios, ...rest } = model;
  const prices = sizes.map(({ size, price, batchPrice }) => {
    const batch = batchPrice === undefined ? '' : ` (Batch API ${money(batchPrice)})`;
    return `${size} ${money(price)}${batch}`;
  });
  const lines = Object.entries({ ...rest, sizes: prices, ratios }).map(([key, value]) => {
    const words = plain(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    return [words, text === 'true' ? 'yes' : text === 'false' ? 'no' : text] as const;
  });
  const width = Math.max(...lines.map(([key]) => key.length));
  return lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n');
}
