/** The events of one client. */
import { ask } from '../base/callback.js';
import type { ClientEvents } from '../types/events.js';
import type { Life, Listener } from './life.js';

export class Events {
  readonly #life: () => Life | undefined;
  hasListeners = false;

  constructor(life: () => Life | undefined) {
    this.#life = life;
  }

  /** Adds a listener; gives the function that removes it. */
  on(name: string, listener: Listener): () => void {
    const all = this.#life()?.listeners ?? new Map<string, Set<Listener>>();
    const listeners = all.get(name) ?? new Set();
    all.set(name, listeners.add(listener));
    this.hasListeners = true;
    return () => {
      listeners.delete(listener);
      this.hasListeners = [...all.values()].some(({ size }) => size > 0);
    };
  }

  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of this.#life()?.listeners.get(name) ?? []) {
      ask(`a listener of \`${name}\``, listener as (event: unknown) => unknown, event);
    }
  }
}
