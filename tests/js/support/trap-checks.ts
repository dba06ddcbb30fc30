/** The state that a trap must leave behind, in a process as in a page. */
import assert from 'node:assert/strict';

interface State {
  now: string;
  message?: string;
  cause?: boolean;
}

export interface Round {
  depth: number;
  own: State;
  waiting: Record<'flying' | 'waiting' | 'fetching' | 'idle', State>;
  next: Record<'retry' | 'generate' | 'other', State>;
  kind?: string;
  closed: string;
}

/** The states of all calls, round by round, and the errors that reached the host itself. */
export interface Told {
  rounds: Round[];
  uncaught: string[];
}

/** Each entry, what its own call ends with, and how deep a trap must have been tried at least. */
export const ENTRIES: [string, string, number][] = [
  ['retry', 'GenerateError unknown', 20],
  ['generate', 'GenerateError unknown', 20],
  ['generateWithRetry', 'GenerateError unknown', 20],
  ['generateWithFallback', 'GenerateError unknown', 20],
  ['batchGenerate', 'GenerateError unknown', 10],
  ['createClient', 'GenerateError unknown', 5],
  ['classifyError', 'GenerateError unknown', 50],
  ['getRetryDelay', 'GenerateError unknown', 50],
  ['abort', 'Error: the reason', 5],
  ['close', 'GenerateError unknown', 5],
  ['microtask', 'GenerateError unknown', 3],
  ['fetched', 'GenerateError unknown', 10],
  ['settled', 'GenerateError unknown', 3],
  ['rejected', 'GenerateError unknown', 3],
  ['timer', 'GenerateError unknown', 10],
  ['inside', 'GenerateError unknown', 50],
];

/** All waiting calls were rejected, no error reached the host, and the next call worked. */
export function check(entry: string, own: string, deepest: number, told: Told): void {
  const { rounds, uncaught } = told;
  assert.deepEqual(uncaught, [], 'the host was told');
  const depth = rounds.at(-1)?.depth ?? 0;
  assert.ok(depth >= deepest, `it was tried to a depth of ${depth} only`);
  for (const round of rounds) {
    const at = `at a depth of ${round.depth}`;
    // A call that was settled before the trap stays so.
    const early = { close: 'GenerateError closed', settled: 'resolved 1' }[entry] ?? own;
    const ends = [own, early];
    assert.ok(ends.includes(round.own.now), `${round.own.now} ${at}`);
    for (const [who, state] of Object.entries(round.waiting)) {
      // A client that was closed before it trapped may have told some of its calls so.
      const closed = entry === 'close' && state.now === 'GenerateError closed';
      if (!closed) assert.equal(state.now, 'GenerateError unknown', `${who} ${at}`);
      if (!closed) assert.match(state.message ?? '', /failed inside/, `${who} ${at}`);
      if (!closed) assert.equal(state.cause, true, `${who} ${at}: the trap is the cause`);
    }
    const { retry, generate, other } = round.next;
    // A client that was closed stays closed.
    assert.equal(retry.now, entry === 'close' ? 'GenerateError closed' : 'resolved 7', at);
    assert.equal(generate.now, 'resolved 1', at);
    assert.equal(other.now, 'resolved 12', at);
    assert.equal(round.kind, 'overloaded', at);
  }
}
