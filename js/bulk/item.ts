/** An item of a batch on its way. */
import { GenerateError } from '../errors.js';
import type { GenerateRequest } from '../types/request.js';

/** An item that is to be made. */
export interface PendingItem {
  index: number;
  key: string;
  request: string | GenerateRequest;
  /** The name of its pictures, without ending. */
  name: string;
  /** Whether a run was killed while it was asked for. */
  twice: boolean;
  /** Whether it is no item for a job. */
  atOnce: boolean;
  /** Jobs that ended without it. */
  jobs: number;
}

/** An item that is being made by requests of its own. */
export class ActiveItem {
  readonly pending: PendingItem;
  readonly controller: AbortController = new AbortController();
  /** Requests that are with the service. */
  inFlight = 0;
  wasSent = false;
  /** Whether it was held back, and not refused. */
  isHeld = false;
  /** Whether its call has ended. */
  isOver = false;

  constructor(pending: PendingItem) {
    this.pending = pending;
  }

  /** Whether it is to be made later, and did not fail. */
  get isGivenBack(): boolean {
    return this.isHeld || this.controller.signal.aborted;
  }

  end(): void {
    this.inFlight = 0;
    this.isOver = true;
  }
}

/** A wrong request is one item's failure, and a batch may hold a million others. */
export function asGenerateError(thrown: unknown): GenerateError {
  if (thrown instanceof GenerateError) return thrown;
  const message = String((thrown as Error | undefined)?.message ?? thrown);
  const kind = thrown instanceof TypeError ? 'invalid_request' : 'unknown';
  return new GenerateError({ kind, message, advice: 'See to the request.' }, thrown);
}
