/** The queue of a model: which call goes first, and when it waits. */

/** The place in the queue: `interactive` is 10, `background` 0, and higher goes first. */
export type Priority = 'interactive' | 'background' | number;

/** The conduct of a call when the day's quota is spent. */
export type OnDailyLimit = 'fail' | 'fallback' | 'wait';

/** When background calls keep out of the service's way. */
export interface PeakOptions {
  /**
   * Keeps background calls out of the hours in which the service is often overloaded (0 to 2, 9 to
   * 11 and 20 to 23 UTC), and of those in which this client has seen it so; unless the deadline is
   * sooner. Default: that of the client, else false.
   */
  avoidPeak?: boolean | undefined;
}

/** How calls queue for a model's quota. */
export interface QueueOptions {
  /**
   * Higher goes first, and of equals who came first. Background calls (0 and lower) get at least a
   * tenth; they wait where interactive ones go to another model or fail. Default: `interactive`.
   */
  priority?: Priority | undefined;
  /** When the day's quota is spent. Default: that of the client, else `fallback`. */
  onDailyLimit?: OnDailyLimit | undefined;
}
