/** The items of a batch that are made by requests of their own. */
import { defined } from '../base/fields.js';
import type { BatchOptions } from '../batch-types.js';
import type { GenerateResult } from '../response.js';
import type { GenerateOptions } from '../types/options.js';
import type { BatchCore } from './core.js';
import type { DurableStorage } from './durable-storage.js';
import { ActiveItem, type PendingItem } from './item.js';
import type { Maker } from './maker.js';

/** The batch as these items see it. */
export interface RealtimeHost {
  isRunning(): boolean;
  /** Whether so many USD more fit the budget. */
  affords(usd: number): boolean;
  /** A request of so many USD does not fit the budget now. */
  tooExpensive(usd: number): void;
  nextChange(): Promise<void>;
  /** The item is to be made later. */
  again(pending: PendingItem): void;
  made(pending: PendingItem, result: GenerateResult): Promise<void>;
  failed(pending: PendingItem, error: unknown): Promise<void>;
  /** The whole batch fails. */
  fails(error: unknown): void;
  changed(): void;
}

/** The reason with which a call is ended that is not to send. */
const HELD = new Error('held back');

export class RealtimeItems {
  readonly #maker: Maker;
  readonly #options: GenerateOptions;
  readonly #core: BatchCore;
  readonly #storage: DurableStorage;
  readonly #host: RealtimeHost;
  readonly #active: Set<ActiveItem> = new Set();

  constructor(
    maker: Maker,
    options: GenerateOptions,
    core: BatchCore,
    storage: DurableStorage,
    host: RealtimeHost,
  ) {
    this.#maker = maker;
    this.#options = options;
    this.#core = core;
    this.#storage = storage;
    this.#host = host;
  }

  get size(): number {
    return this.#active.size;
  }

  /** Requests that are with the service. */
  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#active) sum += inFlight;
    return sum;
  }

  /** Items that no request was sent for yet. */
  get unsent(): number {
    let count = 0;
    for (const { wasSent } of this.#active) if (!wasSent) count += 1;
    return count;
  }

  begin(pending: PendingItem): void {
    const active = new ActiveItem(pending);
    this.#active.add(active);
    this.#make(active)
      .catch((error: unknown) => this.#host.fails(error))
      .finally(() => {
        this.#active.delete(active);
        this.#host.changed();
      });
  }

  /** Takes back the calls that nothing has been sent for, at no cost. */
  holdBack(): void {
    for (const active of this.#active) {
      if (active.inFlight > 0) continue;
      active.isHeld = true;
      active.controller.abort();
    }
  }

  /** Ends all calls, also those that may be billed. */
  abort(): void {
    for (const { controller } of this.#active) controller.abort();
  }

  async #make(active: ActiveItem): Promise<void> {
    const { pending, controller } = active;
    const admission = {
      pass: (model: string, usd: number) => this.#admit(active, model, usd),
      failed: (possiblyBilled: boolean) => this.#requestFailed(active, possiblyBilled),
    };
    let result: GenerateResult;
    try {
      const options = { ...this.#options, signal: controller.signal };
      result = await this.#maker.make(pending.request, options, admission);
    } catch (error) {
      active.end();
      if (active.isGivenBack) this.#host.again(pending);
      else await this.#host.failed(pending, error);
      return;
    }
    active.end();
    await this.#host.made(pending, result);
  }

  /** Lets a request go once it is written down. */
  async #admit(active: ActiveItem, model: string, usd: number): Promise<void> {
    for (;;) {
      if (!active.isOver && this.#host.isRunning() && !this.#storage.isFull) {
        const fits = this.#host.affords(usd);
        const line = fits ? this.#core.sends(active.pending.key, model, usd) : undefined;
        if (line === undefined) this.#host.tooExpensive(usd);
        else if (await this.#writeDown(active, line)) return;
      }
      // An earlier request, past its timeout, may still bring the picture: it would be given up.
      if (active.isOver || active.inFlight === 0) {
        active.isHeld = true;
        throw HELD;
      }
      await this.#host.nextChange();
    }
  }

  async #writeDown(active: ActiveItem, line: string): Promise<boolean> {
    active.inFlight += 1;
    if (!(await this.#storage.note(line))) {
      this.#core.waits(active.pending.key, false);
      active.inFlight -= 1;
      return false;
    }
    active.wasSent = true;
    this.#host.changed();
    return true;
  }

  #requestFailed(active: ActiveItem, possiblyBilled: boolean): void {
    // The failure of an aborted call may come when the item is gone.
    if (active.isHeld || !this.#active.has(active)) return;
    active.inFlight = Math.max(0, active.inFlight - 1);
    const line = this.#core.waits(active.pending.key, possiblyBilled);
    // Nothing relies on the line: without it a crash reports one that was possibly paid too many.
    if (line !== undefined) this.#storage.mention(line);
    this.#host.changed();
  }
}

/** The options of the call of each item. */
export function callOptions(options: BatchOptions, deadline: Date | undefined): GenerateOptions {
  const { priority = 'background', onDailyLimit, models, retry, maxCost } = options;
  const { degrade, timeout, avoidPeak } = options;
  return defined({
    priority,
    onDailyLimit,
    models,
    retry,
    maxCost,
    degrade,
    timeout,
    avoidPeak,
    deadline,
  });
}
