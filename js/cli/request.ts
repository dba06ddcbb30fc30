/** A request from a prompt and the options about its picture. */
import { type Command, Option } from 'commander';
import type { GenerateRequest, Part } from '../index.js';

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

/** The options about the picture. */
export function takesPicture(command: Command): Command {
  return command
    .option('--model <id>', 'the model (default: the best, then its fallbacks)')
    .addOption(
      new Option('--size <size>', 'the size of the picture').choices(['512', '1K', '2K', '4K']),
    )
    .option('--aspect <ratio>', 'the aspect ratio, as 16:9');
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
