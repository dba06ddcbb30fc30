/** Values of options, read and checked. */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A decimal number as people write it; JavaScript also takes `0x10`, `1e3` and an empty text. */
const DECIMAL = /^(?:\d+(?:\.\d+)?|\.\d+)$/;

/** A length of time in ms: `90s`, `2m`, `1h30m`, `1d`; a bare number is seconds. */
export function readDuration(text: string): number {
  const whole = /^\d+(?:\.\d+)?$/.test(text) ? `${text}s` : text.replace(/ /g, '');
  const parts = [...whole.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)];
  const time = parts.reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? Number.NaN),
    0,
  );
  if (parts.map(([part]) => part).join('') !== whole || !(time > 0)) {
    throw new InvalidArgumentError('Give a time as 90s, 2m, 1h30m or 1d.');
  }
  return time;
}

/** An amount of money in USD above 0, with or without `$`. */
export function readMoney(text: string): number {
  const amount = text.replace(/^\$/, '');
  const number = DECIMAL.test(amount) ? Number(amount) : 0;
  if (!Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError('Give an amount in USD above 0, as 0.50 or 20.');
  }
  return number;
}

/** A whole number from 1. */
export function readCount(text: string): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) {
    throw new InvalidArgumentError('Give a whole number from 1.');
  }
  return Number(text);
}

/** A whole number from 0. */
export function readWhole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 0.');
  return Number(text);
}

/** Collects an option that may come again, or holds a list with commas. */
export function readList(text: string, before: readonly string[] = []): string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...before, ...items.filter((item) => item !== '')];
}

/** Collects an option that may come again; file names may hold commas. */
export function readAgain(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
