/** The pictures of several requests as the one result that the AI SDK asked for. */

/** A warning of the AI SDK. */
export interface Warning {
  type: 'other';
  message: string;
}

/** A result of an image model of the AI SDK, as far as it is used. */
export interface ImageResult {
  images: string[] | Uint8Array[];
  isRetryable?: boolean;
  warnings: object[];
  providerMetadata?: Record<string, { images: unknown[] } & object>;
  usage?: {
    inputTokens: number | undefined;
    outputTokens: number | undefined;
    totalTokens: number | undefined;
  };
}

/**
 * Joins the results; where some failed, a warning says so.
 *
 * @throws the first error where there is no picture.
 */
export function merged<Result extends ImageResult>(
  outcomes: PromiseSettledResult<Result>[],
  wanted: number,
): Result {
  const results = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  );
  const errors = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as Error] : [],
  );
  const images = results.flatMap(({ images }) => images as unknown[]);
  const [first] = results;
  if (first === undefined || (images.length === 0 && errors.length > 0)) throw errors[0];
  // It was tried again here already.
  const last = images.length === 0 ? { isRetryable: false } : {};
  const warnings = results.flatMap(({ warnings }) => warnings);
  const missing = wanted - images.length;
  if (images.length > 0 && missing > 0) {
    const why = errors[0]?.message ?? 'the model answered without them';
    const message = `unexhausted: ${missing} of ${wanted} pictures could not be made: ${why}`;
    warnings.push({ type: 'other', message } satisfies Warning);
  }
  const joined = { ...first, ...last, images, warnings };
  if (results.some(({ usage }) => usage !== undefined)) Object.assign(joined, usageOf(results));
  if (first.providerMetadata !== undefined) Object.assign(joined, metadataOf(results));
  return joined as Result;
}

function usageOf(results: ImageResult[]): Pick<ImageResult, 'usage'> {
  const sum = (field: keyof NonNullable<ImageResult['usage']>) => {
    const counts = results
      .map(({ usage }) => usage?.[field])
      .filter((count) => count !== undefined);
    return counts.length === 0 ? undefined : counts.reduce((one, other) => one + other, 0);
  };
  const [inputTokens, outputTokens] = [sum('inputTokens'), sum('outputTokens')];
  return { usage: { inputTokens, outputTokens, totalTokens: sum('totalTokens') } };
}

/** What a provider tells of each picture stays beside it; the rest is that of the last answer. */
function metadataOf(results: ImageResult[]): Pick<ImageResult, 'providerMetadata'> {
  const joined: NonNullable<ImageResult['providerMetadata']> = {};
  for (const { providerMetadata = {} } of results) {
    for (const [provider, metadata] of Object.entries(providerMetadata)) {
      const images = [...(joined[provider]?.images ?? []), ...metadata.images];
      joined[provider] = { ...metadata, images };
    }
  }
  return { providerMetadata: joined };
}
