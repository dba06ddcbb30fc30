/** The prompts of a situation. Each bears its number, by which a request is known again. */
import { random } from './random.mjs';

const NUMBER = /\[(\d+)\]/;
const SUBJECT = 'a paper boat on a calm lake at dusk, in watercolours, ';
/** Characters that the service takes for a token, about. */
const CHARACTERS = 4;

export function prompts({ prompts: count, tokens }, seed) {
  const draw = random(seed);
  return Array.from({ length: count }, (_, number) => {
    const prompt = `[${number}] ${SUBJECT}`;
    if (tokens === undefined) return prompt;
    const [least, most] = tokens;
    const length = Math.round(least + draw() * (most - least)) * CHARACTERS;
    return prompt.padEnd(length, SUBJECT);
  });
}

/** The number of the prompt in a text. */
export const numberIn = (text) => Number(NUMBER.exec(text)?.[1]);
