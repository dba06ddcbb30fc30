/**
 * The contestants. Each is a function that sets one process up and gives
 * `{ call(prompt), close() }`; a call resolves to whether there is a picture, or rejects.
 */
import { aiSdk } from './ai-sdk.mjs';
import { bottleneck } from './bottleneck.mjs';
import { loop } from './loop.mjs';
import { ours } from './ours.mjs';
import { perfect } from './perfect.mjs';
import { queue } from './queue.mjs';

export const OURS = 'unexhausted';

const CONTESTANTS = {
  [OURS]: ours,
  loop,
  queue,
  bottleneck,
  'ai-sdk': aiSdk,
  perfect,
};

const LABELS = {
  loop: 'hand-rolled loop + p-limit',
  queue: 'p-retry + p-queue',
  bottleneck: 'Bottleneck',
  'ai-sdk': 'AI SDK + p-limit',
};

/** The names that compete; `perfect` only shows what could be reached, and is asked for by name. */
export const COMPETING = [OURS, 'loop', 'queue', 'bottleneck', 'ai-sdk'];

export const labelOf = (name) => LABELS[name] ?? name;

export function contestant(name) {
  if (!Object.hasOwn(CONTESTANTS, name)) {
    throw new Error(`there is no ${name}, only ${Object.keys(CONTESTANTS).join(', ')}`);
  }
  return CONTESTANTS[name];
}
