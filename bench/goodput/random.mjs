/** Draws that depend on a seed alone, so that a cell of the table gives the same numbers again. */

/** Mulberry32: numbers in [0, 1). */
export function random(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Puts them in the place of all randomness of this process; the result puts that back. */
export function seedProcess(seed) {
  const draw = random(seed);
  const { random: before } = Math;
  Math.random = draw;
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    value(array) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = draw() * 256;
      return array;
    },
  });
  return () => {
    Math.random = before;
    // The original is on the prototype, so removing our own property brings it back.
    delete crypto.getRandomValues;
  };
}
