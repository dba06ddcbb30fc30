/** The common part of the fuzzers: one seed for each case, and the report of one that fails. */

export interface Fuzz {
  readonly name: string;
  /** Cases that run at the same time. Default: one. */
  readonly group?: number;
  /** Runs the case of this seed, and of so many after it; rejects with what is wrong. */
  run(seed: number, count: number): Promise<void>;
  /** Further figures of the run. */
  figures?(): string;
}

/** A case that failed, with the seed that makes it again. */
export class Found extends Error {
  readonly seed: number;
  constructor(seed: number, cause: unknown, what = '') {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`seed ${seed}: ${said}${what && `\n  ${what}`}`, { cause });
    this.seed = seed;
  }
}

/** Runs so many cases from a seed on; what fails is told with its seed. */
export async function runAll(
  fuzz: Fuzz,
  seed: number,
  count: number,
  reached: (seed: number) => void,
): Promise<void> {
  const size = fuzz.group ?? 1;
  let told = 0;
  for (let done = 0; done < count; done += size) {
    const first = seed + done;
    if (performance.now() - told > 1_000) {
      told = performance.now();
      reached(first);
    }
    const these = Math.min(size, count - done);
    try {
      await fuzz.run(first, these);
    } catch (error) {
      if (error instanceof Found || these === 1) {
        throw error instanceof Found ? error : new Found(first, error);
      }
      // Of several that ran together it was one.
      for (let one = first; one < first + these; one += 1) {
        await fuzz.run(one, 1).catch((cause) => {
          throw cause instanceof Found ? cause : new Found(one, cause);
        });
      }
      throw new Found(first, error, `only with the ${these} cases from there on together`);
    }
  }
}
