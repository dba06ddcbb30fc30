/** The names of projects in a store. */
import { digest } from '../base/digest.js';

const names = new Map<string, Promise<string>>();

/** 16 hex digits that tell projects apart and give no key away. */
export function projectName(identity: string): Promise<string> {
  let name = names.get(identity);
  if (name === undefined) {
    name = hash(identity);
    names.set(identity, name);
  }
  return name;
}

async function hash(text: string): Promise<string> {
  try {
    return await digest(text, 8);
  } catch (error) {
    throw new Error(`${(error as Error).message}; pass \`project\` with \`store\``);
  }
}
