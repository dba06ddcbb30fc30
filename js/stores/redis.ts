/** The quota store of several hosts: Redis or Valkey. */
import type { QuotaStore } from '../types/quota.js';
import { queued } from './queue.js';

/** After so long without use, in ms, a key is dropped: two days, and the longest window is one. */
const EXPIRY = 172_800_000;

/** The shortest and the longest time that a turn is kept for one who is to write next, in ms. */
const TURN = { least: 20, most: 500 };

const NO_ANSWER = 'the quota store in Redis did not answer in time';

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** In front of every key. Default: `unexhausted:`. */
  prefix?: string;
  /** How long a call may take, in ms. Default: 2,000. */
  timeout?: number;
}

/** A client or cluster of the package `ioredis`, as far as it is used. */
export interface IoredisClient {
  defineCommand: unknown;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A client, pool or cluster of the package `redis`, as far as it is used. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** Runs a script on one key. */
type Evaluate = (script: string, key: string, ...more: string[]) => Promise<unknown>;

type Update<T> = (state: string | undefined, now: number) => { state: string; result: T };

// The scripts are sent as they are, and not by their hashes: at 1 KB at most that costs less than
// the round trip and the second way of failing that an unknown hash brings. They use one key each,
// as a cluster asks for, and no more of Lua and Redis than every version since 5 has.
const READ = `
local time = redis.call('TIME')
local found = redis.call('HMGET', KEYS[1], 'version', 'state')
return {time[1], time[2], found[1] or '', found[2] or '', ''}`;

/**
 * Arguments: the version that was read, version and state to write, expiry, the last moment, who
 * writes, and for how long it wants the next turn. One who comes with an old version gets that turn
 * where nobody has it: a host far away would never be the first otherwise.
 */
const WRITE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local found = redis.call('HMGET', KEYS[1], 'version', 'state', 'turn', 'ends')
local version, turn = found[1] or '', ''
if now <= tonumber(ARGV[5]) and (not found[3] or found[3] == ARGV[6] or now > tonumber(found[4])) then
  if version == ARGV[1] then
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
    redis.call('HDEL', KEYS[1], 'turn', 'ends')
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    return {time[1], time[2], ARGV[2], '', ''}
  elseif version ~= '' then
    redis.call('HSET', KEYS[1], 'turn', ARGV[6], 'ends', string.format('%.0f', now + ARGV[7]))
    turn = 'yours'
  end
end
return {time[1], time[2], version, found[2] or '', turn}`;

/**
 * A store in Redis (5 or later) or Valkey, for any number of hosts. Its clock is the server's, so
 * that of the hosts may be wrong by any amount. A call costs two round trips, and one more for each
 * time that another process was quicker, which is nearly always one; calls on one key that are made
 * meanwhile go together.
 *
 * A call rejects within 2 s, whatever the client's own queue and retries do, and with the client's
 * error where that comes first. The next call finds the server when it is back.
 *
 * @example
 * ```ts
 * const client = createClient({ store: redisStore(new Redis('redis://cache')) }); // ioredis
 * const client = createClient({ store: redisStore(await createClient().connect()) }); // redis
 * ```
 *
 * @param client - A client of `ioredis` (5 or later) or `redis` (4 or later), also of a cluster.
 *   Opening and closing it stay with the caller.
 * @throws TypeError where `client` is neither.
 */
export function redisStore(
  client: IoredisClient | NodeRedisClient,
  options: RedisStoreOptions = {},
): QuotaStore {
  const evaluate = adapt(client);
  const { prefix = 'unexhausted:', timeout = 2_000 } = options;
  return queued({
    transact: (key, update) =>
      within(timeout, (deadline) => transact(evaluate, prefix + key, update, deadline)),
  });
}

function adapt(client: IoredisClient | NodeRedisClient): Evaluate {
  if (typeof client?.eval !== 'function') {
    throw new TypeError('redisStore takes a client of the package ioredis or redis');
  }
  if ('defineCommand' in client) {
    return (script, key, ...more) => client.eval(script, 1, key, ...more);
  }
  return (script, key, ...more) => client.eval(script, { keys: [key], arguments: more });
}

/**
 * Reads, updates, and writes if nobody else has written since. Every write has a random version of
 * some 60 bits, which practically never repeats, so that this cannot be mistaken, not even by a server that lost its memory and
 * started again.
 *
 * An attempt that was given up cannot succeed later: its write names the last moment by the server's
 * clock, and a client that sends it from its queue after that is refused. A write that the server
 * did in time while its answer was lost stays, as that of a process that died then would: something
 * was reserved that is not used, and the ledger takes it back in time.
 */
async function transact<T>(
  evaluate: Evaluate,
  key: string,
  update: Update<T>,
  deadline: number,
): Promise<T> {
  const me = newVersion();
  let asked = performance.now();
  let found = read(await evaluate(READ, key));
  for (;;) {
    const trip = found.at - asked;
    // Given up meanwhile, so nothing waits for it.
    if (performance.now() >= deadline) throw new Error(NO_ANSWER);
    const now = found.time + (performance.now() - found.at);
    const { state, result } = update(found.state, Math.floor(now));
    const version = newVersion();
    const last = found.time + (deadline - found.at);
    const turn = Math.min(Math.max(3 * trip, TURN.least), TURN.most);
    const times = [EXPIRY, last].map((ms) => ms.toFixed(0));
    asked = performance.now();
    found = read(
      await evaluate(WRITE, key, found.version, version, state, ...times, me, turn.toFixed(0)),
    );
    // Also where a client has sent it twice, and the second one lost against the first.
    if (found.version === version) return result;
    // Others lost as well, and one of them is to write next: come back when it has.
    if (!found.turn) await sleep(Math.random() * Math.min(found.at - asked, TURN.most));
  }
}

interface Found {
  /** The server's clock, in ms since 1970. */
  time: number;
  /** When that was, by `performance.now()`. */
  at: number;
  /** Empty where there is no state. */
  version: string;
  state: string | undefined;
  /** Whether nobody else may write next. */
  turn: boolean;
}

function read(answer: unknown): Found {
  const at = performance.now();
  const [seconds, microseconds, version, state, turn] = Array.isArray(answer)
    ? answer.map(String)
    : [];
  const time = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  if (version === undefined || turn === undefined || !Number.isFinite(time)) {
    throw new TypeError('the Redis client gave an answer of an unknown form');
  }
  return { time, at, version, state: version === '' ? undefined : state, turn: turn !== '' };
}

function newVersion(): string {
  return globalThis.crypto.randomUUID().replaceAll('-', '').slice(16);
}

/** Rejects when the time is over, whatever becomes of the work; `deadline` is that moment. */
async function within<T>(ms: number, work: (deadline: number) => Promise<T>): Promise<T> {
  // Looked up now, so that replaced timers are used; cleared by the clear that goes with the set.
  const { setTimeout, clearTimeout } = globalThis;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      work(performance.now() + ms),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(NO_ANSWER));
        }, ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => void globalThis.setTimeout(done, ms));
}
