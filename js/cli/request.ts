/** A request from a prompt and the options about its picture. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GenerateRequest, Part } from '../index.js';
import { messageOf } from './problem.js';

/** Options about the picture. */
export interface PictureOptions {
  model?: string;
  fallback?: string[];
  size?: string;
  aspect?: string;
}

/** A picture that is asked for. */
export interface Wish {
  prompt: string;
  model?: string | undefined;
  size?: string | undefined;
  aspect?: string | undefined;
  references?: readonly Part[];
}

/** The sizes that a picture may have. */
export const SIZES: readonly string[] = ['512', '1K', '2K', '4K'];

/** The options about the picture. */
export function takesPicture(command: Command): Command {
  return command
    .option('-m, --model <id>', 'the model (default: the best, then its fallbacks)', readModel)
    .addOption(new Option('--size <size>', 'the size of the picture').choices(SIZES))
    .option('--aspect <ratio>', 'the aspect ratio, as 16:9', readAspect);
}

/** The id of a model. */
function readModel(text: string): string {
  if (!/^[\w./:@-]+$/.test(text)) {
    throw new InvalidArgumentError('Give the id of a model; see: unexhausted models');
  }
  return text;
}

/** An aspect ratio. */
function readAspect(text: string): string {
  if (!/^[1-9]\d*:[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Give a ratio as 16:9.');
  return text;
}

/** What is wrong with the values of a row, which are checked as those of options are. */
export function faultOf({ model, size, aspect }: Partial<Wish>): string | undefined {
  if (size !== undefined && !SIZES.includes(size)) {
    return `size '${size}' is invalid. Allowed choices are ${SIZES.join(', ')}.`;
  }
  const values = [
    ['model', model, readModel],
    ['aspect', aspect, readAspect],
  ] as const;
  for (const [name, value, read] of values) {
    try {
      if (value !== undefined) read(value);
    } catch (error) {
      return `${name} '${value}' is invalid. ${messageOf(error)}`;
    }
  }
  return undefined;
}

/** The models to ask, in order; `undefined` is the library's own chain. */
export function chain({ model, fallback = [] }: PictureOptions): { models?: string[] } {
  const models = model === undefined ? fallback : [model, ...fallback];
  return models.length === 0 ? {} : { models };
}

/** The request as `client.generate` takes it. */
export function requestOf({ prompt, model, size, aspect, references = [] }: Wish): GenerateRequest {
  const imageConfig = {
    ...(size === undefined ? {} : { imageSize: size }),
    ...(aspect === undefined ? {} : { aspectRatio: aspect }),
  };
  return {
    ...(model === undefined ? {} : { model }),
    contents: references.length === 0 ? prompt : [...references, { text: prompt }],
    config: {
      responseModalities: ['IMAGE'],
      ...(Object.keys(imageConfig).length === 0 ? {} : { imageConfig }),
    },
  };
}
