/** A client's own behaviour where its retries are left at their defaults. */
import { nextCaller } from './judge.ts';
import { faultOf } from './records.ts';
import type { Sdk } from './sdk.ts';
import type { Service } from './service.ts';

export interface Seen {
  requests: number;
  /** How long it went on, in whole seconds. */
  seconds: number;
  /** Whether it was left while it went on. */
  isOpen?: true;
}

/** The faults by which it is looked at. */
export const LOOKED_AT = ['bare 429', 'day', '503'];

/** It is left after so long, in ms. */
const PATIENCE = 30_000;

/** Calls a client as it comes. */
export async function look(service: Service, sdk: Sdk, name: string): Promise<Seen> {
  const who = nextCaller();
  const url = service.url(faultOf(name), who, sdk.dialect);
  const started = performance.now();
  let isOpen = true;
  const end = (): void => {
    isOpen = false;
  };
  const work = sdk.call({ url, ownRetries: true }).then(end, end);
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())]);
  const seconds = Math.round((performance.now() - started) / 1000);
  return { requests: service.requests(who), seconds, ...(isOpen ? { isOpen } : {}) };
}
