/** Numbers in words: money, times, sizes. */

/** USD, with as many digits as say something: `$0.0336`, `$1.61`, `$250`. */
export function money(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 1) return `$${trimmed(usd.toFixed(4), 2)}`;
  return usd >= 1000
    ? `$${Math.round(usd).toLocaleString('en-US')}`
    : `$${trimmed(usd.toFixed(2), 0)}`;
}

/** Without the zeros at the end that say nothing, but with so many digits at least. */
function trimmed(digits: string, least: number): string {
  const [whole = '', part = ''] = digits.split('.');
  const short = part.replace(/0+$/, '');
  if (short === '' && least === 0) return whole;
  return `${whole}.${short.padEnd(Math.max(least, 2), '0')}`;
}

/** A length of time, as `2.4 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'for ever';
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const at = units.findIndex(([size]) => whole >= size);
  const [size, unit] = units[at] ?? [1, 's'];
  const [smaller, smallerUnit] = units[at + 1] ?? [1, 's'];
  const rest = Math.floor((whole % size) / smaller);
  const head = `${Math.floor(whole / size)} ${unit}`;
  return rest === 0 ? head : `${head} ${rest} ${smallerUnit}`;
}

/** A moment in local time: the time alone today, with the day on others. */
export function moment(at: Date, now: Date = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** A number with its noun: `1 picture`, `2 pictures`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

/** A text on one line of at most so many characters. */
export function short(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join('')}…`;
}

/** A name of the library's, as `requests_per_minute`, in words. */
export function plain(name: string): string {
  return name.replaceAll('_', ' ');
}
