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

/** A length of time in ms: `90s`, `10m`, `2h`, `1d`; a bare number is seconds. */
export function readDuration(text: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?) ?([a-z]+)?$/.exec(text) ?? [];
  const size = UNITS[unit];
  if (number === '' || size === undefined) {
    throw new InvalidArgumentError('Give a time as 90s, 10m, 2h or 1d.');
  }
  return Number(number) * size;
}

/** A number above 0. */
export function readPositive(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError('Give a number above 0.');
  }
  return number;
}

/** An amount of money in USD above 0, with or without `$`. */
export function readMoney(text: string): number {
  return readPositive(text.replace(/^\$/, ''));
}

/** A whole number from 1. */
export function readCount(text: string): number {
  const number = readPositive(text);
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('Give a whole number from 1.');
  return number;
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
