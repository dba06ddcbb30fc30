/** Limits, their use, and money, which is in USD. */
import type { Dimension } from './errors.js';

/** The limits of a model; an absent one is learned from the service. */
export interface ModelLimits {
  /** Requests a minute. */
  rpm?: number | undefined;
  /** Input tokens a minute. */
  tpm?: number | undefined;
  /** Pictures a minute. */
  ipm?: number | undefined;
  /** Requests a day, which ends at midnight Pacific. */
  rpd?: number | undefined;
  /** Input tokens a day. */
  tpd?: number | undefined;
}

/** A budget in USD, which is a hard stop. Requests in flight, and lost answers, count. */
export interface BudgetOptions {
  /** In all: as long as the `store` remembers, which by default is as long as the process runs. */
  total?: number | undefined;
  /** A day, which ends at midnight Pacific. */
  perDay?: number | undefined;
}

/** A limit that is nearly used up; money is in USD. */
export interface QuotaAlert {
  model?: string;
  dimension: Dimension;
  used: number;
  limit: number;
  /** The threshold that was passed, as a share. */
  threshold: number;
}

/** The use of one limit; money is in USD. */
export interface QuotaUsage {
  dimension: Dimension;
  used: number;
  /** The limit that is kept to; absent where none is known. */
  limit?: number;
  /** `given` by you, of your `tier`, or `learned` from the service. */
  source?: 'given' | 'tier' | 'learned';
  /** When some of what is used is free again. */
  freesAt?: Date;
}

/** The costs of a client, in USD. */
export interface Costs {
  /** By answers that arrived; one without a picture by the tokens that it reports. */
  spent: number;
  /** The possible cost, beside that, of answers that were lost on the way. */
  possible: number;
  /** The budget, where there is one: what is used of it includes what is reserved and `possible`. */
  total?: { used: number; limit: number };
  /** The same of the day. */
  today?: { used: number; limit: number; freesAt?: Date };
}

/** The use of one model's limits, and of its account's money. */
export interface QuotaReport {
  model: string;
  limits: QuotaUsage[];
  /** Calls that wait. */
  queued: number;
  /** Requests in flight. */
  inFlight: number;
  /** Set while the model rests after failing for everybody: when it is asked next. */
  restsUntil?: Date;
}

/** The use of limits by one request. */
export interface RequestUse {
  /** Input tokens. Default: 0. */
  tokens?: number | undefined;
  /** Pictures. Default: 1. */
  images?: number | undefined;
}

/** The options of `QuotaTracker`. */
export interface QuotaTrackerOptions extends ModelLimits {
  /** Shares of a limit at which `onAlert` is called. Default: 0.7. */
  alertAt?: number | readonly number[] | undefined;
  /** Called when the use of a limit passes a threshold. */
  onAlert?: ((alert: QuotaAlert) => void) | undefined;
}

/** The result of `QuotaTracker.reserve`. */
export type Reservation =
  | {
      ok: true;
      /** The request took this much; without an argument, what was reserved. */
      settle(used?: RequestUse): void;
      /** The request was not sent: all of it is free again. */
      cancel(): void;
    }
  | {
      ok: false;
      /** When the limit in the way lets it pass. */
      retryAt: Date;
      dimension?: Dimension;
    };

/**
 * A store of quotas, for all clients that share them: an atomic read-modify-write on a short string,
 * and a clock.
 */
export interface QuotaStore {
  /**
   * Replaces the state of a key by what `update` makes of it, and resolves with its `result`. The
   * whole is atomic; `update` is pure and may run more than once.
   *
   * `state` is ASCII of at most 4 KiB, `undefined` where the key was never written. `now` is the
   * store's clock in ms since 1970; where that is one that nobody can set, `wall` is the clock by
   * which the day ends. Rejects with what `update` throws, which changes
   * nothing, and where the store is out of reach, when it may or may not have been done.
   */
  transact<T>(
    key: string,
    update: (state: string | undefined, now: number, wall?: number) => { state: string; result: T },
  ): Promise<T>;
}
