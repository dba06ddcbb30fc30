/** Holds what is read of a client's error against what is read of the answer that it was given. */
import { classifyError, createClient } from '../../pkg/index.js';
import {
  bodyOf,
  type Dialect,
  type Fault,
  FIELDS,
  type Field,
  MODEL,
  type Reading,
  readingOf,
} from './faults.ts';
import { FORMS, formsOf } from './forms.ts';
import type { Sdk } from './sdk.ts';
import { holds } from './search.ts';
import type { Service } from './service.ts';

/** The outcome of one call. */
export interface Outcome {
  /** How many requests the client sent. */
  requests: number;
  /** The result where it threw nothing: the fault was swallowed. */
  given?: unknown;
  thrown?: unknown;
  forms?: Record<string, Judged>;
}

export interface Judged {
  reading: Reading;
  /** The fields that are read otherwise than of the answer itself. */
  wrong: Field[];
  /** The form itself. */
  value: unknown;
}

let callers = 0;

/** A name of its own for who sends, without a digit: an address may stand in an error. */
export function nextCaller(): string {
  callers += 1;
  return [...String(callers)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}

/** Whether a fault can be given to a client: some have no streams. */
export const meets = (sdk: Sdk, fault: Fault): boolean =>
  !sdk.without?.includes(fault.name) && (!fault.isStream || sdk.stream !== undefined);

export function callOf(sdk: Sdk, fault: Fault, url: string): Promise<unknown> {
  const to = { url, ownRetries: false };
  return fault.isStream && sdk.stream !== undefined ? sdk.stream(to) : sdk.call(to);
}

/** Calls once, and reads the error in each form. */
export async function judge(service: Service, sdk: Sdk, fault: Fault): Promise<Outcome> {
  const who = nextCaller();
  try {
    const given = await callOf(sdk, fault, service.url(fault, who, sdk.dialect));
    return { requests: service.requests(who), given };
  } catch (thrown) {
    const all = formsOf(thrown);
    const forms = Object.fromEntries(FORMS.map((form) => [form, judged(all[form], fault)]));
    return { requests: service.requests(who), thrown, forms };
  }
}

/** Reads one form of an error. */
export function judged(value: unknown, fault: Fault): Judged {
  const reading = readingOf(classifyError(value));
  const wrong = FIELDS.filter((field) => reading[field] !== fault.says[field]);
  return { reading, wrong, value };
}

/** The answer itself, as `retry` would meet it. */
export async function ask(fault: Fault, url: string): Promise<never> {
  const response = await fetch(url, { method: 'POST', body: '{}' });
  const body = await response.text();
  if (!fault.isStream) throw { status: response.status, headers: response.headers, body };
  throw JSON.parse(body.slice(body.lastIndexOf('data: ') + 'data: '.length));
}

/** The reading that `classifyError` gives of the answer itself. */
export function rawReading(fault: Fault, dialect: Dialect): Reading | undefined {
  if (fault.error === undefined) return undefined;
  const body = bodyOf(fault.error, dialect);
  const input = fault.isStream ? JSON.parse(body) : { status: fault.status, headers: {}, body };
  return readingOf(classifyError(input));
}

/** The reading of the status alone. */
export function bareReading({ error, status }: Fault): Reading {
  return readingOf(classifyError({ status: error?.code ?? status, headers: {}, body: '' }));
}

/** Whether a field says what neither the answer nor its status says. */
export function isMadeUp(reading: Reading, fault: Fault, field: Field): boolean {
  return reading[field] !== fault.says[field] && reading[field] !== bareReading(fault)[field];
}

const TRACES = {
  kind: 'kind',
  retry: 'kind',
  retryAfter: 'delay',
  dimension: 'quota',
  quotaId: 'quota',
  quotaLimit: 'limit',
} as const satisfies Record<Field, string>;

/** The names of a fault's traces that are still somewhere in an error. */
export function heldOf(thrown: unknown, fault: Fault): string[] {
  return Object.entries(fault.traces).flatMap(([key, trace]) =>
    holds(thrown, trace) ? [key] : [],
  );
}

/** Whether nothing is left in an error that would tell these fields, nor a quota at all. */
export function isDestroyed(held: string[], fields: Field[]): boolean {
  const told: string[] = fields.map((field) => TRACES[field]);
  const quotas = told.some((key) => key !== 'kind') ? ['name', 'quota', 'limit', 'delay'] : [];
  return [...told, ...quotas].every((key) => !held.includes(key));
}

/** Whether a printed error lacks what tells these fields, such as by `[Object]`. */
export function isCut(text: unknown, fault: Fault, fields: Field[]): boolean {
  return fields.every((field) => {
    const trace = fault.traces[TRACES[field]];
    return trace === undefined || !trace.test(String(text));
  });
}

/** The requests that `retry` made, and its waits after the first try, in ms. */
export interface Retried {
  requests: number;
  waits: number[];
}

/** Lets so many calls at once through `retry`; the waits are jumped over. */
export async function retried(
  service: Service,
  fault: Fault,
  dialect: Dialect,
  calls: number,
  call: (url: string) => Promise<unknown>,
): Promise<Retried> {
  const client = createClient({ apiKey: 'a-key-of-nobody', models: [MODEL] });
  const who = nextCaller();
  const url = service.url(fault, who, dialect);
  const waits: number[] = [];
  const one = (): Promise<unknown> =>
    client.retry(() => call(url), {
      maxAttempts: 3,
      baseDelay: 1_000,
      jitter: 0,
      onRetry: ({ attempt, delay }) => void (attempt === 1 && waits.push(delay)),
    });
  await Promise.allSettled(Array.from({ length: calls }, one));
  client.close();
  return { requests: service.requests(who), waits: waits.sort((a, b) => a - b) };
}
