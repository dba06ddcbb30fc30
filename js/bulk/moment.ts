/** When a batch has to end. */

/** The longest timer of any host. */
const TIMER_MAX = 2 ** 31 - 1;

/** A deadline beyond all dates is none. */
export function momentOf(deadline: number | Date | undefined): Date | undefined {
  if (typeof deadline !== 'number') return deadline;
  const at = new Date(Date.now() + deadline);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Calls back at a time, in ms since 1970; keeps no process alive. Gives what ends the wait. */
export function callAt(time: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    const left = time - Date.now();
    timer = setTimeout(left > 0 ? arm : call, Math.min(Math.max(left, 0), TIMER_MAX));
    (timer as { unref?(): void }).unref?.();
  };
  arm();
  return () => clearTimeout(timer);
}
