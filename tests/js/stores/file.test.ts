/** The store in a folder: whatever is killed, stopped, torn or in the way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import type { QuotaStore } from '../../../pkg/index.js';
import { fileStore } from '../../../pkg/stores/file.js';
import { argumentsOf, type Child, startChild, type Task } from '../support/children.ts';
import { increment, peek, storeSuite } from '../support/store-suite.ts';

/** The parts of a holder's name. */
const AT = 0;
const PID = 1;
const START = 2;
const NAMESPACE = 3;
const BOOT = 4;

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'unexhausted-store-'));
const LINUX = existsSync('/proc/sys/kernel/random/boot_id');

storeSuite(
  'file',
  () => {
    const folder = newFolder();
    return {
      another: () => fileStore(folder),
      where: { kind: 'file', folder },
      close: () => rmSync(folder, { recursive: true }),
    };
  },
  { processes: true },
);

describe('the folder of a file store', () => {
  let folder: string;
  let lock: string;
  let store: QuotaStore;
  /** How far the store's clock is ahead of the host's, in ms. */
  let later: number;

  beforeEach(() => {
    folder = newFolder();
    lock = join(folder, 'quota-key');
    later = 0;
    store = fileStore(folder, { now: () => Date.now() + later });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const task = (action: Task['action'], more: Partial<Task> = {}): Task => ({
    store: { kind: 'file', folder },
    action,
    ...more,
  });

  /** Runs a process to its end, also while this one stands still. */
  function runChild(action: Task['action'], more?: Partial<Task>): string | number | null {
    const { signal, status } = spawnSync(process.execPath, argumentsOf(task(action, more)), {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return signal ?? status;
  }

  /** Leaves a lock behind, as a process that was killed would, and changes parts of its name. */
  function leaveLock(parts: Record<number, string> = {}): void {
    assert.equal(runChild('die'), 'SIGKILL');
    const [holder = ''] = readdirSync(lock);
    const name = holder.split('.').map((part, index) => parts[index] ?? part);
    assert.equal(name.length, 6, holder);
    renameSync(join(lock, holder), join(lock, name.join('.')));
  }

  /** Every file and folder of the store. */
  const everything = (): string[] => (readdirSync(folder, { recursive: true }) as string[]).sort();
  const onlyOf = (key: string): string[] =>
    ['', '/free', '/free/state'].map((path) => `quota-${key}${path}`);

  /** Whether a call is still waiting after it had time to look at the lock several times. */
  async function waits(call: Promise<unknown>): Promise<boolean> {
    await new Promise((resolve) => void setTimeout(resolve, 60));
    const pending = Symbol('pending');
    return (await Promise.race([call, Promise.resolve(pending)])) === pending;
  }

  /** Fails where a call takes longer than to look at the lock several times. */
  async function atOnce<T>(call: Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await call;
    assert.ok(performance.now() - started < 800);
    return result;
  }

  /** Lets one go on that said that it will stop; it may yet have to. Gives how it ended. */
  function resume(child: Child): Child['ended'] {
    const timer = setInterval(() => child.process.kill('SIGCONT'), 10);
    return child.ended.finally(() => clearInterval(timer));
  }

  it('is made with the folders above it, and again where it was removed', async () => {
    const deep = join(folder, 'a', 'b');
    const other = fileStore(deep);
    assert.equal(await other.transact('key', increment), 1);
    rmSync(join(folder, 'a'), { recursive: true });
    assert.equal(await other.transact('key', increment), 1);
    assert.deepEqual(readdirSync(deep), ['quota-key']);
  });

  it('is for this user alone where it makes it, and else as private as it was', async () => {
    const modes = (path: string): string[] =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .map((entry) => join(entry.parentPath, entry.name))
        .concat(path)
        .map((entry) => (statSync(entry).mode & 0o777).toString(8));
    const umask = process.umask(0o002);
    try {
      await fileStore(join(folder, 'made')).transact('key', increment);
      assert.deepEqual([...new Set(modes(join(folder, 'made')))].sort(), ['600', '700']);
      const shared = join(folder, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o770);
      await fileStore(shared).transact('key', increment);
      assert.deepEqual([...new Set(modes(shared))].sort(), ['660', '770']);
    } finally {
      process.umask(umask);
    }
  });

  it('replaces one that died at once, where it can tell', { skip: !LINUX }, async () => {
    leaveLock();
    assert.equal(await atOnce(store.transact('key', increment)), 1);
  });

  it('is not fooled by a process that got the number of a dead one', { skip: !LINUX }, async () => {
    leaveLock({ [PID]: String(process.pid) });
    assert.equal(await atOnce(store.transact('key', increment)), 1);
  });

  const others: [string, Record<number, string>][] = [
    ['from before the machine was started', { [BOOT]: '00000000-0000-0000-0000-000000000000' }],
    ['of another container', { [NAMESPACE]: '1' }],
    ['of a system that cannot tell', { [START]: '-', [NAMESPACE]: '-', [BOOT]: '-' }],
  ];
  for (const [who, parts] of others) {
    it(`replaces one ${who} after ten seconds, not before`, async () => {
      leaveLock({ ...parts, [AT]: String(Date.now()) });
      const call = store.transact('key', increment);
      later = 8_000;
      assert.ok(await waits(call), 'after eight seconds');
      later = 10_000;
      assert.equal(await atOnce(call), 1);
    });
  }

  it('replaces one whose clock was ahead, when the clock was set back', async () => {
    leaveLock({ [NAMESPACE]: '1', [AT]: String(Date.now() + 3_600_000) });
    assert.equal(await atOnce(store.transact('key', increment)), 1);
  });

  it('leaves one alone that lives', { skip: !LINUX }, async () => {
    const child = startChild(task('stop'));
    await child.heard(1);
    const call = store.transact('key', increment);
    assert.ok(await waits(call));
    child.process.kill('SIGKILL');
    assert.equal(await child.ended, 'SIGKILL');
    assert.equal(await call, 1);
  });

  it('lets one that stood still and was replaced do its work again', async () => {
    const child = startChild(task('stop'));
    await child.heard(1);
    later = 10_000;
    assert.equal(await store.transact('key', () => ({ state: 'ours', result: 7 })), 7);
    assert.equal(await peek(store), 'ours');
    assert.equal(await resume(child), 0);
    assert.deepEqual(child.told, ['stopping', [null, 'ours']]);
    assert.equal(await peek(store), 'ourss');
  });

  it('does not let one that was replaced touch the lock of the next', async () => {
    await store.transact('key', () => ({ state: 'old', result: 0 }));
    const child = startChild(task('stop'));
    await child.heard(1);
    const [holder = ''] = readdirSync(lock);
    const next = join(lock, `${Date.now()}.1.2.3.4.5`);
    renameSync(join(lock, holder), next);
    const ended = resume(child);
    assert.ok(await waits(ended));
    assert.deepEqual(readdirSync(next), ['state']);
    assert.match(readFileSync(join(next, 'state'), 'utf8'), /old$/);
    renameSync(next, join(lock, 'free'));
    assert.equal(await ended, 0);
    assert.deepEqual(child.told, ['stopping', ['old', 'old']]);
    assert.equal(await peek(store), 'olds');
  });

  it('repeats an update whose lock another took', async () => {
    const seen: (string | undefined)[] = [];
    const result = await store.transact('key', (state) => {
      seen.push(state);
      if (seen.length === 1) assert.equal(runChild('count', { later: 10_000 }), 0);
      return increment(state);
    });
    assert.equal(result, 2);
    assert.deepEqual(seen, [undefined, '1']);
  });

  it('loses nothing where each takes every other for dead', async () => {
    // Their clocks are so far apart that a lock is replaced whenever one looks at it.
    const children = [0, 20_000, 40_000, 60_000].map((ahead) =>
      startChild(task('count', { times: 100, later: ahead })),
    );
    await Promise.all(children.map((child) => child.ended));
    const results = children.flatMap(({ told }) => told.slice(1) as number[]);
    assert.equal(new Set(results).size, 400);
    assert.equal(await peek(store), '400');
  });

  it('is won by each in turn where many wait for one that died', { skip: !LINUX }, async () => {
    for (let round = 1; round <= 3; round += 1) {
      const stopped = startChild(task('stop'));
      await stopped.heard(1);
      const waiting = [1, 2, 3, 4].map(() => startChild(task('count', { key: 'key', times: 5 })));
      await Promise.all(waiting.map((child) => child.heard(1)));
      stopped.process.kill('SIGKILL');
      await Promise.all(waiting.map((child) => child.ended));
      assert.equal(await peek(store), String(20 * round));
    }
  });

  it('loses nothing of what was told by processes killed at any moment', async () => {
    let acknowledged = 0;
    for (let round = 0; round < 50; round += 1) {
      const child = startChild(task('fill'));
      await child.heard(3);
      // Somewhere in the next few transactions.
      const until = performance.now() + Math.random() * 3;
      while (performance.now() < until);
      child.process.kill('SIGKILL');
      await child.ended;
      acknowledged = Number(child.told.at(-1));
      const [count, filling] = (await peek(store))?.split(' ') ?? [];
      const extra = Number(count) - acknowledged;
      assert.ok(extra === 0 || extra === 1, `${count} after ${acknowledged} were told`);
      assert.equal(filling, String(Number(count) % 10).repeat(4_000));
    }
    assert.ok(acknowledged >= 150);
    assert.deepEqual(everything(), onlyOf('key'));
  });

  it('takes a file that was cut, damaged or is none of ours for none', async () => {
    const file = join(lock, 'free', 'state');
    const damages = [
      () => truncateSync(file, 70),
      () => truncateSync(file, 3),
      () => writeFileSync(file, ''),
      () => writeFileSync(file, Buffer.alloc(200)),
      () => writeFileSync(file, readFileSync(file, 'utf8').replace('state', 'stale')),
      () => writeFileSync(file, 'the state of something else'),
    ];
    for (const damage of damages) {
      await store.transact('key', () => ({ state: 'a state that is long', result: 0 }));
      damage();
      assert.equal(await peek(store), undefined);
    }
  });

  it('is not held up by what other programs leave in a lock', async () => {
    await store.transact('key', increment);
    writeFileSync(join(lock, '.DS_Store'), '');
    writeFileSync(join(folder, '.DS_Store'), '');
    assert.equal(await store.transact('key', increment), 2);
    assert.ok(existsSync(join(lock, '.DS_Store')));
  });

  it('makes a lock again that somebody removed', async () => {
    await store.transact('key', increment);
    rmSync(join(lock, 'free'), { recursive: true });
    assert.equal(await store.transact('key', increment), 1);
  });

  it('removes what was left by one that died while it made the lock', async () => {
    const aside = (at: number): string => `quota-key.${at}.1.2.3.4.5.tmp`;
    for (const name of [aside(Date.now() - 10_000), aside(Date.now()), 'b.tmp']) {
      mkdirSync(join(folder, name, 'free'), { recursive: true });
    }
    await store.transact('key', increment);
    const left = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
    assert.equal(left.length, 2);
    assert.ok(left.includes('b.tmp'));
  });

  it('gives its folders names that every system takes, and tells apart', async () => {
    const keys = ['Key', 'key', 'a.b', '../../up', 'nul:', 'é', 'x'.repeat(200)];
    for (const key of keys) await store.transact(key, increment);
    const names = readdirSync(folder);
    assert.equal(names.length, keys.length);
    for (const name of names) assert.match(name, /^quota-[a-z0-9_%~-]{1,110}$/);
  });

  it('keeps to one file a key, and nothing else', async () => {
    await Promise.all(['a', 'b', 'a'].map((key) => store.transact(key, increment)));
    assert.deepEqual(everything(), [...onlyOf('a'), ...onlyOf('b')]);
  });

  it('does all that has queued up in one go', async () => {
    const times = new Set<number>();
    let tick = 0;
    const counting = fileStore(folder, {
      now() {
        tick += 1;
        return Date.now() + tick / 1_000;
      },
    });
    const calls = Array.from({ length: 100 }, () =>
      counting.transact('key', (state, now) => {
        times.add(now);
        return increment(state);
      }),
    );
    assert.equal((await Promise.all(calls)).at(-1), 100);
    assert.equal(times.size, 1);
  });

  it('leaves a key to the others between two turns', async (t) => {
    t.mock.method(Math, 'random', () => 0.75);
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'performance'] });
    try {
      assert.equal(await store.transact('key', increment), 1);
      const second = store.transact('key', increment);
      assert.equal(await store.transact('another', increment), 1);
      await clock.tickAsync(2);
      assert.equal(clock.countTimers(), 1);
      await clock.tickAsync(1);
      assert.equal(clock.countTimers(), 0);
      assert.equal(await second, 2);
    } finally {
      clock.uninstall();
    }
  });

  it('rejects where the folder cannot be', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await assert.rejects(fileStore(file).transact('key', increment), { code: /ENOTDIR|EEXIST/ });
    await assert.rejects(fileStore(join(file, 'a')).transact('key', increment), {
      code: /ENOTDIR|EEXIST/,
    });
    assert.throws(() => fileStore(''), TypeError);
  });

  it('rejects where it must not write, and goes on when it may', async (t) => {
    // For root everything is writable but what the kernel itself keeps.
    const root = process.getuid?.() === 0;
    if (root && !LINUX) return t.skip('root may write everywhere');
    if (root) {
      for (const path of ['/proc', '/proc/self', '/proc/none/at/all']) {
        await assert.rejects(fileStore(path).transact('key', increment), { code: 'ENOENT' });
      }
      return;
    }
    chmodSync(folder, 0o500);
    await assert.rejects(store.transact('key', increment), { code: 'EACCES' });
    chmodSync(folder, 0o700);
    assert.equal(await store.transact('key', increment), 1);
  });

  it('rejects where a lock is never free, within a quarter of a minute', async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'performance', 'Date'] });
    try {
      // A name of now, from elsewhere, whenever one looks.
      const busy = fileStore(folder, { now: () => 0 });
      mkdirSync(join(lock, '0.1.2.3.4.5'), { recursive: true });
      const call = busy.transact('key', increment);
      const rejected = assert.rejects(call, /is busy: no turn within 15 s/);
      await clock.tickAsync(15_000);
      assert.ok(clock.countTimers() > 0, 'still waiting');
      await clock.tickAsync(100);
      await rejected;
      assert.equal(clock.countTimers(), 0);
    } finally {
      clock.uninstall();
    }
  });

  it('rejects on a full disk, and leaves what was there', async (t) => {
    await store.transact('key', increment);
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const write = fs.writeFileSync;
    t.mock.method(fs, 'writeFileSync', (path: string, text: string, options: object) => {
      write(path, text.slice(0, 70), options);
      throw full;
    });
    syncBuiltinESMExports();
    try {
      await assert.rejects(store.transact('key', increment), full);
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.deepEqual(everything(), onlyOf('key'));
    assert.equal(await store.transact('key', increment), 2);
  });

  it('removes what a holder that was replaced had begun to write', async () => {
    await store.transact('key', increment);
    const stale = join(lock, '0.1.2.3.4.5');
    renameSync(join(lock, 'free'), stale);
    writeFileSync(join(stale, '0.1.2.3.4.5'), 'half a st');
    assert.equal(await store.transact('key', increment), 2);
    assert.deepEqual(everything(), onlyOf('key'));
  });
});
