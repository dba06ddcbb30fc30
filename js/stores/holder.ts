/** The holder of a lock, described in a file name. */
import { needed } from '../base/builtin.js';

const { readFileSync, readlinkSync } = needed<typeof import('node:fs')>('node:fs');

/** Without a heartbeat for so long, in ms, a holder may be replaced. */
const STALE_AFTER = 10_000;

/** Stands in a holder's name for a part that is not known. */
const UNKNOWN = '-';

/** A process, as all of this machine can tell it from any other. */
interface Identity {
  pid: string;
  /** In clock ticks since the machine started: numbers of processes are used again. */
  start: string;
  /** The namespace in which `pid` counts. */
  namespace: string;
  /** The machine's current run. */
  boot: string;
}

let ours: Identity | undefined;

/**
 * A new name for this process as a holder. `now`, in ms since 1970, is its heartbeat: what a holder
 * does takes well under a millisecond and cannot be interrupted, so there is one only. The last
 * part is a random number that is never used again, the generation of the lock.
 */
export function nameHolder(now: number): string {
  ours ??= identify();
  const generation = globalThis.crypto.randomUUID().replaceAll('-', '');
  return [Math.floor(now), ours.pid, ours.start, ours.namespace, ours.boot, generation].join('.');
}

/** Other programs put files into folders too; those are left alone. */
function isHolder(name: string): boolean {
  return /^\d+\.\d+\.[^.]+\.[^.]+\.[^.]+\.\w+$/.test(name);
}

/**
 * Whether a name is that of a holder who may be replaced: one that is known to be dead, or has shown
 * no sign of life for ten seconds. Being wrong costs that one a repetition and nothing else, so a
 * clock that was set may age it.
 */
export function isStale(name: string, now: number): boolean {
  if (!isHolder(name)) return false;
  const [at, pid, start, namespace, boot] = name.split('.');
  if (Math.abs(now - Number(at)) >= STALE_AFTER) return true;
  ours ??= identify();
  const comparable = namespace === ours.namespace && boot === ours.boot && start !== UNKNOWN;
  return comparable && ours.boot !== UNKNOWN && isDead(pid ?? '', start ?? '');
}

function isDead(pid: string, start: string): boolean {
  try {
    const { state, start: started } = parse(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    // One that was killed stays listed until its parent asks for it, perhaps for ever.
    return state === 'Z' || state === 'X' || started !== start;
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

function identify(): Identity {
  const pid = String(process.pid);
  const stat = parse(read(() => readFileSync('/proc/self/stat', 'latin1')) ?? '');
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  // A /proc of another namespace would tell of other processes.
  if (stat.pid !== pid || stat.start === undefined || !namespace || !boot) {
    return { pid, start: UNKNOWN, namespace: UNKNOWN, boot: UNKNOWN };
  }
  const start = stat.start;
  return { pid, start, namespace: namespace.replaceAll(/\D/g, ''), boot: boot.trim() };
}

/** Fields 1, 3 and 22; the second is a name that may hold spaces and brackets. */
function parse(stat: string): { pid?: string; state?: string; start?: string } {
  const [pid = ''] = stat.split(' ', 1);
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = rest[18];
  return start === undefined ? {} : { pid, state, start };
}

function read(how: () => string): string | undefined {
  try {
    return how();
  } catch {
    return undefined;
  }
}
