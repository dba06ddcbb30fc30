/**
 * The ways to make the calls: the hand-rolled loop, and the package's own. Each gets a scene and the
 * package's exports, and gives a function that makes one picture.
 */
import { KEY, post } from '../goodput/post.mjs';
import { MODEL } from '../goodput/situations.mjs';
import { handRolled } from '../loop.mjs';

export function client({ fetch, closing }, { createClient }) {
  const made = createClient({ apiKey: KEY, fetch, models: [MODEL] });
  closing.push(made);
  return made;
}

/** The loop around one request. */
export const loop =
  ({ fetch }) =>
  (prompt) =>
    handRolled(() => post(fetch, MODEL, prompt));

export function dropIn(scene, exports) {
  const ours = client(scene, exports);
  return (prompt) => ours.generateWithRetry(prompt);
}

export function generate(scene, exports) {
  const ours = client(scene, exports);
  return (prompt) => ours.generate(prompt);
}

export function background(scene, exports) {
  const ours = client(scene, exports);
  return (prompt) => ours.generate(prompt, { priority: 'background' });
}
