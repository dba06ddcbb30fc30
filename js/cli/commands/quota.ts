/** `unexhausted quota`: what is used of each limit, and when it is free again. */
import type { Command } from 'commander';
import { models, type QuotaReport, type QuotaUsage } from '../../index.js';
import { define, runs } from '../command.js';
import type { Screen } from '../screen.js';
import { openClient, type ServiceOptions, takesService } from '../service.js';
import { fittingTable } from '../table.js';
import { readList } from '../values.js';
import { moment, money, plain } from '../words.js';

const HEAD = ['model', 'limit', 'used', 'of', '', 'known', 'frees at'];

interface Options extends ServiceOptions {
  model?: string[];
  all?: boolean;
}

/** Adds the command. */
export function addQuota(program: Command): void {
  const command = define(program, {
    usage: 'quota',
    summary: 'show what is used of each limit, and when it is free again',
    details:
      'What `generate` and `batch` have used is remembered between runs, by key and address. Nothing ' +
      'is asked of the service, which does not tell: limits are those that it named when it refused.',
    examples: ['quota', 'quota --model gemini-3-pro-image --json'],
  });
  command
    .option('-m, --model <ids>', 'these models alone, with commas; may come again', readList)
    .option('--all', 'also what is neither used nor known');
  takesService(command);
  runs(command, quota);
}

async function quota(screen: Screen, options: Options): Promise<undefined> {
  const { model: given, all = false } = options;
  const known = (await models()).filter(({ status }) => status !== 'retired');
  const client = await openClient(options, screen, { models: given ?? known.map(({ id }) => id) });
  let reports: QuotaReport[];
  try {
    reports = await client.quota();
  } finally {
    client.close();
  }
  screen.data(reports.map(({ model, limits, restsUntil }) => ({ model, limits, restsUntil })));
  const shown = reports.flatMap(({ model, limits }) =>
    limits
      .filter(({ used, limit }) => all || used > 0 || limit !== undefined)
      .map((usage) => ({ model, usage })),
  );
  // Money is the account's, and every model tells the same of it.
  const ofModels = shown.filter(({ usage }) => usage.dimension !== 'spend');
  const ofAccount = shown.filter(({ usage }) => usage.dimension === 'spend').slice(0, 1);
  const rows = [
    ...ofModels.map(({ model, usage }) => rowOf(model, usage)),
    ...ofAccount.map(({ usage }) => rowOf('the account', usage)),
  ];
  if (rows.length === 0) screen.result('nothing is used, and no limit is known yet');
  else screen.result(fittingTable(screen.room, HEAD, rows, ['', 'known']));
  for (const { model, restsUntil } of reports) {
    if (restsUntil !== undefined) screen.note(`${model} rests until ${moment(restsUntil)}`);
  }
}

function rowOf(model: string, { dimension, used, limit, source, freesAt }: QuotaUsage): string[] {
  const amount = (value: number) =>
    dimension === 'spend' ? money(value) : Math.round(value).toLocaleString('en-US');
  return [
    model,
    dimension === 'spend' ? 'spend in ten minutes' : plain(dimension),
    amount(used),
    limit === undefined ? '' : amount(limit),
    limit === undefined || limit === 0 ? '' : `${Math.round((100 * used) / limit)} %`,
    source ?? '',
    used > 0 && freesAt !== undefined ? moment(freesAt) : '',
  ];
}
