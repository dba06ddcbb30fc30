/** `unexhausted plan`: how to make so many pictures. */
import { type Command, Option } from 'commander';
import { type Plan, type PlanOptions, plan } from '../../index.js';
import { type CommonOptions, define, runs } from '../command.js';
import type { Screen } from '../screen.js';
import { table } from '../table.js';
import { readCount } from '../values.js';
import { count, duration, money, plain } from '../words.js';

interface Options
  extends CommonOptions,
    Pick<PlanOptions, 'per' | 'tier' | 'size' | 'quality' | 'edits' | 'interactive'> {}

/** Adds the command. */
export function addPlan(program: Command): void {
  const command = define(program, {
    usage: 'plan',
    summary: 'say how to make so many pictures, how long it takes and what it costs',
    examples: [
      'plan 500 --tier tier1',
      'plan 2000 --per day --tier tier2 --size 2K --quality good',
      'plan 100 --interactive --json',
    ],
  });
  command
    .argument('<pictures>', 'how many in each period', (text) => String(readCount(text)))
    .addOption(
      new Option('--per <period>', 'the period').choices(['day', 'month']).default('month'),
    )
    .addOption(
      new Option('--tier <tier>', 'your tier')
        .choices(['free', 'tier1', 'tier2', 'tier3'])
        .default('free'),
    )
    .addOption(
      new Option('--size <size>', 'the size of the pictures')
        .choices(['512', '1K', '2K', '4K'])
        .default('1K'),
    )
    .addOption(
      new Option('--quality <quality>', 'how good they must be')
        .choices(['best', 'good', 'any'])
        .default('best'),
    )
    .option('--edits', 'each request shows a picture to the model')
    .option('--interactive', 'somebody waits for each picture');
  runs(command, make);
}

async function make(screen: Screen, options: Options, pictures = ''): Promise<undefined> {
  const { per, tier, size, quality, edits, interactive } = options;
  const volume: PlanOptions = { images: Number(pictures), per, tier, size, quality };
  const made = await plan({ ...volume, edits: edits ?? false, interactive: interactive ?? false });
  screen.data(made);
  screen.result(words(made, screen));
}

function words(made: Plan, screen: Screen): string {
  const { bold } = screen.colors;
  const { perMonth, volume, strategy, setup, chain, steps, times, costs } = made;
  const step = (needed: boolean) => (row: Plan['steps'][number]) =>
    row.needed === needed ? [`- ${plain(row.step)}: ${row.why}\n  ${row.how}`] : [];
  const own = times.filter((row) => row.own);
  const parts = [
    `${count(perMonth, 'picture')} a month, a ${volume} volume: ${plain(strategy)} (${setup})\nmodels, in order: ${chain.join(', ')}`,
    `${bold('Needed')}\n${steps.flatMap(step(true)).join('\n')}`,
  ];
  const optional = steps.flatMap(step(false));
  if (optional.length > 0) parts.push(`${bold('Worth a look')}\n${optional.join('\n')}`);
  const rows = own.map((row) => [
    row.model,
    row.time === undefined ? 'never' : row.time === 0 ? 'no time' : duration(row.time),
    row.binds === undefined ? '' : plain(row.binds),
    row.perDay === undefined ? '' : row.perDay.toLocaleString('en-US'),
    row.keepsUp ? 'yes' : 'no',
  ]);
  const head = ['model', 'takes', 'bound by', 'a day at most', 'keeps up'];
  parts.push(`${bold(`Time at ${own[0]?.tier ?? 'your tier'}`)}\n${table(head, rows)}`);
  const prices = costs
    .filter(({ status }) => status !== 'retired')
    .map((row) => [
      row.model ?? row.name,
      row.size ?? '',
      money(row.standard.perImage),
      money(row.standard.perMonth),
      row.batch === undefined ? '–' : money(row.batch.perMonth),
      row.lacks === undefined ? '' : row.lacks === 'size' ? 'no such size' : 'no references',
    ]);
  const priceHead = ['model', 'size', 'a picture', 'a month', 'Batch API', ''];
  parts.push(`${bold('Costs')}\n${table(priceHead, prices)}`);
  return parts.join('\n\n');
}
