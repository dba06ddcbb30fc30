/** When something has to end. */

/** The longest timer of any host: above 2^31-1 ms they fire at once. */
export const TIMER_MAX: number = 2 ** 31 - 1;

/** A deadline beyond all dates is none. */
export function momentOf(deadline: number | Date | undefined): Date | undefined {
  const at = typeof deadline === 'number' ? new Date(Date.now() + deadline) : deadline;
  return Number.isNaN(at?.getTime()) ? undefined : at;
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
