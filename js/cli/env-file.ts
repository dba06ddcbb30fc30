/** The file `.env` of the current folder: its key, and the address for that key. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { codeOf } from '../stores/lock.js';
import { messageOf } from './problem.js';

const FILE = '.env';

const ADDRESS = 'GOOGLE_GEMINI_BASE_URL';

/** The variables that were taken from the file. */
const taken = new Set<string>();

let isRead = false;

/**
 * Sets the variables of a key, and of the address, that the environment does not have; the first time
 * alone. A file may come with a folder of somebody else's: its address never gets a key that it does
 * not hold itself.
 *
 * @param keys - The variables that may hold the key.
 * @param tell - Told of what is left out.
 */
export function takeEnvFile(keys: readonly string[], tell: (text: string) => void): void {
  if (isRead) return;
  isRead = true;
  let found: Record<string, string | undefined>;
  try {
    found = parseEnv(readFileSync(FILE, 'utf8'));
  } catch (error) {
    // A folder of this name is no file of variables, as that of some Python projects.
    if (!['ENOENT', 'EISDIR'].includes(codeOf(error) ?? '')) {
      tell(`${FILE} cannot be read, and is left out: ${messageOf(error)}`);
    }
    return;
  }
  const here = process.env;
  const hasKey = keys.some((name) => here[name] !== undefined);
  for (const name of hasKey ? [] : keys) take(name, found[name]);
  if (!found[ADDRESS] || here[ADDRESS] !== undefined) return;
  if (taken.size > 0) take(ADDRESS, found[ADDRESS]);
  else tell(`the address in ${FILE} is left out: a key of the environment is not sent there`);
}

/** The place of a variable, in words; empty for the environment. */
export function placeOf(name: string): string {
  return taken.has(name) ? `in ${FILE}` : '';
}

function take(name: string, value: string | undefined): void {
  if (!value) return;
  process.env[name] = value;
  taken.add(name);
}
