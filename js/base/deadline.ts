/** When something has to end. */

/** The longest timer of any host: above 2^31-1 ms they fire at once. */
export const TIMER_MAX: number = 2 ** 31 - 1;

/**
 * A deadline beyond all dates is none.
 *
 * @throws `TypeError` for what is no deadline: one that is lost would be noticed too late.
 */
export function momentOf(deadline: number | Date | undefined): Date | undefined {
  if (deadline === undefined) return undefined;
  const isTime =
    typeof deadline === 'number'
      ? deadline >= 0
      : deadline instanceof Date && !Number.isNaN(deadline.getTime());
  if (!isTime) {
    throw new TypeError(
      'unexhausted: `deadline` must be ms from now, 0 or more, or a valid `Date`',
    );
  }
  if (deadline instanceof Date) return deadline;
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
