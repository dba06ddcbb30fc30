/** A hand-written retry's reading of an error of `post`, and how often it tries again. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

/** p-retry's options: 1 s doubled up to a minute, with jitter. */
export const RETRIES = {
  retries: 10,
  minTimeout: 1_000,
  maxTimeout: 60_000,
  factor: 2,
  randomize: true,
};

/** A wait that nobody takes for a moment. */
const LONG = 600_000;

/** A wait for the next model to be asked instead. */
export const PATIENCE_IN_CHAIN = 5_000;

export const isPermanent = ({ status }) => status !== undefined && !TEMPORARY.has(status);

/** The wait in ms that the body of an error asks for. */
export function asked(error) {
  try {
    const { details } = JSON.parse(error.message).error;
    const info = details.find(({ retryDelay }) => retryDelay !== undefined);
    // RetryInfo has the fraction cut off.
    return (Number.parseFloat(info.retryDelay) + 1) * 1_000;
  } catch {
    return undefined;
  }
}

/** Whether it asks for hours, and the situation is not to sit them out. */
export const isTooLong = (error, { onDailyLimit }) =>
  asked(error) > LONG && onDailyLimit !== 'wait';
