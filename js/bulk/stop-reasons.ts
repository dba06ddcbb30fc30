/** The reasons for which a batch ends before its end, in words. */
import type { BatchStopReason } from '../batch-types.js';
import type { GenerateError } from '../errors.js';

export interface Stop {
  reason: BatchStopReason;
  message: string;
  advice: string;
  retryAt?: Date;
}

export class StopReasons {
  /** Advice on how the batch goes on. */
  readonly #resuming: string;

  constructor(journal: string | undefined) {
    this.#resuming =
      journal === undefined
        ? 'With a `journal` it could go on where it ended.'
        : 'The same call with the same journal goes on where it ended.';
  }

  stopped(): Stop {
    return { reason: 'stopped', message: 'The batch was stopped.', advice: this.#resuming };
  }

  cancelled(): Stop {
    return {
      reason: 'cancelled',
      message: 'The batch was cancelled; requests that were in flight may be billed.',
      advice: this.#resuming,
    };
  }

  failed(): Stop {
    return { reason: 'stopped', message: 'The batch failed.', advice: this.#resuming };
  }

  deadline(): Stop {
    return {
      reason: 'deadline',
      message: 'The time that the batch was given is over.',
      advice: `Give it a longer \`deadline\`. ${this.#resuming}`,
    };
  }

  overBudget(usd: number, budget: number | undefined): Stop {
    return {
      reason: 'over_budget',
      message: `The next picture, of up to $${usd.toFixed(3)}, does not fit the budget of $${budget}.`,
      advice: `Raise \`budget\` to go on. ${this.#resuming}`,
    };
  }

  takenOver(): Stop {
    return {
      reason: 'taken_over',
      message: 'Another process took the journal over while this one stood still.',
      advice: 'Leave the batch to that one.',
    };
  }

  unwritable(error: unknown): Stop {
    const said = (error as Error | undefined)?.message ?? error;
    return {
      reason: 'disk',
      message: `Nothing more could be written down or saved: ${said}`,
      advice: `Make room, or see to the folder. ${this.#resuming}`,
    };
  }

  /** An error that others would meet too. */
  error({ kind, message, advice, retryAt }: GenerateError): Stop {
    const stop: Stop = {
      reason: kind,
      message,
      advice: `${advice} ${this.#resuming}`.trim(),
    };
    if (retryAt !== undefined) stop.retryAt = retryAt;
    return stop;
  }
}
