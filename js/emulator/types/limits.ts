/** Limits of the fake service, and how it counts them. */

/**
 * How the service counts a minute: minutes of its clock (`fixed`), the last 60 seconds at any moment
 * (`sliding`), or a bucket that starts full and refills steadily (`bucket`). Google does not say
 * which it uses, so a client has to live with all three.
 */
export type Discipline = 'fixed' | 'sliding' | 'bucket';

/** A limit: requests, input tokens or pictures a minute, requests a day. */
export type Dimension = 'rpm' | 'tpm' | 'ipm' | 'rpd';

/** Limits of one model. An absent one does not bind; 0 means "not on this tier". */
export interface Limits {
  /** Requests a minute. */
  rpm?: number | null;
  /** Input tokens a minute. */
  tpm?: number | null;
  /** Pictures a minute. */
  ipm?: number | null;
  /** Requests a day, which ends at midnight Pacific. */
  rpd?: number | null;
  /** Instead of the option of that name. */
  discipline?: Discipline | null;
  /** Instead of the option of that name. */
  rejectedCount?: boolean | null;
}
