/** The books of the fake service. Moments are milliseconds since 1970, money is in USD. */

import type { FaultCall } from './faults.js';
import type { Discipline, Limits } from './limits.js';

/** Requests, input tokens and pictures. */
export interface Amounts {
  /** Requests. */
  requests: number;
  /** Input tokens by the service's count. */
  tokens: number;
  /** Pictures. */
  images: number;
}

/** The most that was used in any window, by the service's clock, however it counts. */
export interface WindowPeaks {
  /** In any minute of its clock. */
  fixedMinute: Amounts;
  /** In any 60 seconds. */
  slidingMinute: Amounts;
  /** Requests in any day, midnight to midnight Pacific. */
  day: number;
}

/** One project's use of one model. */
export interface Usage {
  /** The project. */
  project: string;
  /** The model. */
  model: string;
  /** The limits in force. */
  limits: Limits;
  /** How its minutes are counted. */
  discipline: Discipline;
  /** Of the requests that took of the limits. */
  counted: WindowPeaks;
  /** Of all that reached the limits, rejected ones included. */
  attempted: WindowPeaks;
  /** Requests that a limit rejected. */
  overLimit: number;
}

/** One request. Keys and prompts are never kept. */
export interface LedgerRecord {
  /** Counts up from 1. */
  sequence: number;
  /** The request's number in this process. */
  id: number;
  /** The call that was made. */
  call: FaultCall | 'countTokens' | 'models' | 'picture' | 'preflight' | 'unknown';
  /** Without `models/`. */
  model: string;
  /** Which the key belongs to. */
  project: string;
  /** When it was sent, in the service's time. */
  sent: number;
  /** When it arrived. */
  arrived: number | null;
  /** When it was answered or given up. */
  finished: number | null;
  /** How it ended. */
  outcome: 'pending' | 'served' | 'rejected' | 'refused' | 'failed' | 'hung' | 'lost';
  /** The HTTP status sent. */
  status: number | null;
  /** The fault's name, or `limit:rpm`, `limit:rpd`, `limit:spend`, `limit:prepaid` … */
  fault: string | null;
  /** Whether it took of the limits. */
  counted: boolean;
  /** Whether the caller went away before the end. */
  disconnected: boolean;
  /** Input tokens by the service's count. */
  promptTokens: number;
  /** Output tokens. */
  outputTokens: number;
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
}

/** Sums over all requests for a picture; other calls are in `other` alone. */
export interface Totals {
  /** Sent: the sum of the outcomes below. */
  requests: number;
  /** Not ended yet. */
  pending: number;
  /** Answered with 200, whatever was in it. */
  served: number;
  /** 429 and 402. */
  rejected: number;
  /** Other 4xx. */
  refused: number;
  /** 5xx, 408, 499, reset, cut. */
  failed: number;
  /** Never answered. */
  hung: number;
  /** Gone before arrival. */
  lost: number;
  /** countTokens, models, files, jobs, preflights, wrong paths. */
  other: number;
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
  /** Being worked on now, for callers that are gone too. */
  inFlight: number;
  /** The most at once. */
  maxInFlight: number;
}

/** One row of a job, as it really was. */
export interface RowRecord {
  /** The caller's: `key` of a line, `metadata.key` of a row inside the request. */
  key: string | null;
  /** `dropped` where the job ended before the row's turn came. */
  outcome: 'pending' | 'served' | 'failed' | 'dropped';
  /** Pictures made. */
  images: number;
  /** USD. */
  billed: number;
}

/** One job, as it really was; deleted ones stay in the books. Prompts are never kept here. */
export interface JobRecord {
  /** As `batches/abc`. */
  name: string;
  /** The caller's. */
  displayName: string;
  /** Which the key belongs to. */
  project: string;
  /** Without `models/`. */
  model: string;
  /** How far it is. */
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired';
  /** Whether it was deleted. */
  deleted: boolean;
  /** When it was made, in the service's time. */
  created: number;
  /** When it began to run. */
  started: number | null;
  /** When it ended. */
  ended: number | null;
  /** Input tokens of all rows, by the service's count. */
  promptTokens: number;
  /** Pictures made. */
  images: number;
  /** Rows that were billed. */
  billedRows: number;
  /** USD, of all rows. */
  billed: number;
  /** Its rows, in their order. */
  rows: RowRecord[];
}

/** A copy of the service's books. */
export interface Ledger {
  /** Sums. */
  totals: Totals;
  /** By project and model. */
  usage: Usage[];
  /** The most that an account spent in any 600 s, in USD. */
  spendPeaks: Record<string, number>;
  /** Faults of the script that are not used up. */
  scriptLeft: number;
  /** How far the service's clock is ahead, in milliseconds. */
  clockOffset: number;
  /** The service's time, in milliseconds since 1970. */
  now: number;
  /** The last requests, oldest first. */
  requests: LedgerRecord[];
  /** All jobs, oldest first; what they cost is not in `totals`. */
  jobs: JobRecord[];
  /** Uploads that are kept, and their bytes. */
  files: { count: number; bytes: number };
}
