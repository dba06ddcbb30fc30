/** `unexhausted explain`: what errors mean. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import {
  classifyError,
  type ErrorInfo,
  type Outcome,
  type PatternFound,
  plan,
} from '../../index.js';
import { type CommonOptions, define, runs } from '../command.js';
import { EXIT, type ExitCode } from '../exit.js';
import { tellStdin } from '../input.js';
import { messageOf, Problem } from '../problem.js';
import { momentOf, records } from '../records.js';
import type { Screen } from '../screen.js';
import { count, moment, plain } from '../words.js';

const HOUR = 3_600_000;

/** Errors that are alike. */
interface Group {
  info: ErrorInfo;
  count: number;
  first?: Date;
  last?: Date;
}

/** Adds the command. */
export function addExplain(program: Command): void {
  const command = define(program, {
    usage: 'explain [errors...]',
    summary: 'say what errors mean: an error text, log files, or stdin',
    details:
      'An argument that is no file is read as an error text, a status such as 429 too; without\n' +
      'arguments, or with `-`, stdin is read. Nothing is sent anywhere.',
    examples: [
      'explain app.log yesterday.log',
      'explain 429',
      'explain "429 RESOURCE_EXHAUSTED: Quota exceeded, limit: 0"',
      'explain --json < app.log',
    ],
  });
  runs(command, explain);
}

async function explain(
  screen: Screen,
  _: CommonOptions,
  ...given: string[]
): Promise<ExitCode | undefined> {
  const found = new Findings();
  const sources = given.length === 0 ? ['-'] : given;
  // Nothing is told of some where another is not there.
  for (const source of sources) checkSource(source);
  if (sources.includes('-')) tellStdin(screen);
  for (const source of sources) await found.read(source);
  const groups = found.groups();
  const diagnosis = await found.diagnosis();
  screen.data({
    records: found.records,
    errors: groups.reduce((sum, group) => sum + group.count, 0),
    kinds: groups.map(({ info, ...rest }) => ({ ...rest, ...info })),
    diagnosis,
  });
  if (groups.length === 0) {
    screen.result(`no known error in ${count(found.records, 'record')}`);
    return EXIT.failed;
  }
  const parts = groups.map((group) => words(group, screen));
  // One error says all there is to say of itself.
  if (found.records > 1 && diagnosis !== undefined) {
    parts.push(`${screen.colors.bold('In all')}: ${diagnosis.summary}\n${diagnosis.action}`);
  }
  screen.result(parts.join('\n\n'));
  return undefined;
}

/** A name of a file, and no text: no spaces, and a folder or an ending. */
const FILE_NAME = /^(?!\w+:\/\/)[^\s{}[\]"'<>]*(?:[\\/]|\.[a-z][a-z\d]{0,5}$)[^\s{}[\]"'<>]*$/i;

/** @throws {Problem} where a file is named that is not there, or a folder. */
function checkSource(source: string): void {
  if (source === '-') return;
  // The text of an error may be too long for the name of a file.
  const found = existsSync(source) ? statSync(source) : undefined;
  if (found?.isDirectory()) throw new Problem(`${source} is a folder`);
  if (found !== undefined) return;
  if (FILE_NAME.test(source)) throw new Problem(`there is no file ${source}`);
  if (/^\S+$/.test(source) && classified(source).kind === 'unknown') {
    throw new Problem(`there is no file ${source}, nor is it an error that is known`);
  }
}

/** An error as an argument: a bare number is the status of an answer. */
function classified(record: string): ErrorInfo {
  return classifyError(/^[1-5]\d\d$/.test(record) ? { status: Number(record) } : record);
}

function words({ info, count: times, first, last }: Group, screen: Screen): string {
  const { kind, status, summary, advice, retry, retryAt, dimension } = info;
  const { bold, dim } = screen.colors;
  // A short wait was over long ago where a log is read; the end of a day is worth knowing.
  const later = retry === 'later' && first === undefined && retryAt !== undefined;
  const again = later ? `, at ${moment(retryAt)}` : '';
  const facts = [
    times === 1 ? 'once' : `${times.toLocaleString('en-US')} times`,
    status === undefined ? '' : `status ${status}`,
    dimension === undefined ? '' : plain(dimension),
    first === undefined || last === undefined ? '' : `${span(first, last)}`,
    `retry: ${retry}${again}`,
  ];
  const head = `${bold(plain(kind))} ${dim(`(${facts.filter((fact) => fact !== '').join(', ')})`)}`;
  return `${head}\n${summary}\n${advice}`;
}

function span(first: Date, last: Date): string {
  const [from, to] = [moment(first), moment(last)];
  return from === to ? `at ${from}` : `${from} to ${to}`;
}

/** Findings so far; they grow with the kinds of errors and the hours, not with the log. */
class Findings {
  records = 0;
  readonly #groups = new Map<string, Group>();
  readonly #outcomes = new Map<string, Outcome>();

  async read(source: string): Promise<void> {
    if (source !== '-' && !existsSync(source)) {
      this.#add(source, classified(source.trim()));
      return;
    }
    const stream: NodeJS.ReadableStream = source === '-' ? process.stdin : createReadStream(source);
    let failure: unknown;
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    stream.on('error', (error) => {
      failure = error;
      lines.close();
    });
    for await (const record of records(lines)) this.#add(record);
    if (failure !== undefined) throw new Problem(`${source}: ${messageOf(failure)}`);
  }

  #add(record: string, info: ErrorInfo = classifyError(record)): void {
    if (record.trim() === '') return;
    this.records += 1;
    if (info.kind === 'unknown') return;
    const at = momentOf(record);
    const { kind, dimension, quotaLimit, model, status } = info;
    const key = JSON.stringify([kind, dimension, quotaLimit, model, status]);
    const group = this.#groups.get(key) ?? { info, count: 0 };
    group.count += 1;
    if (at !== undefined) {
      if (group.first === undefined || at < group.first) group.first = at;
      if (group.last === undefined || at > group.last) group.last = at;
    }
    this.#groups.set(key, group);
    const hour = at === undefined ? undefined : Math.floor(at.getTime() / HOUR) * HOUR;
    const outcome = this.#outcomes.get(`${hour} ${key}`) ?? { kind, count: 0 };
    outcome.count += 1;
    if (hour !== undefined) outcome.at = new Date(hour);
    if (dimension !== undefined) outcome.dimension = dimension;
    if (quotaLimit !== undefined) outcome.limit = quotaLimit;
    if (model !== undefined) outcome.model = model;
    this.#outcomes.set(`${hour} ${key}`, outcome);
  }

  /** The most frequent first. */
  groups(): Group[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count);
  }

  /** The pattern behind all of them. */
  async diagnosis(): Promise<PatternFound | undefined> {
    const outcomes = [...this.#outcomes.values()];
    if (outcomes.length === 0) return undefined;
    outcomes.sort((a, b) => (a.at?.getTime() ?? 0) - (b.at?.getTime() ?? 0));
    const { diagnosis } = await plan({ images: 1, errors: { outcomes, at: new Date() } });
    return diagnosis;
  }
}
