/** The settings that a competent user works out before setting a peer up. */

/** Seconds that a picture takes, and USD of one, as one sees after the first few. */
const TAKES = 12;
const COSTS = 0.14;
/** Requests in flight where no limit is known. */
const CAUTIOUS = 10;

/** Pictures that a minute lets through for one of the processes, by what the user knows. */
export function perMinute({ given, tokens, spendPer10Min, processes, isShared }) {
  const bounds = [];
  if (given.rpm !== undefined) bounds.push(given.rpm);
  if (given.tpm !== undefined) bounds.push((given.tpm * 2) / (tokens[0] + tokens[1]));
  if (spendPer10Min !== undefined) bounds.push(spendPer10Min / COSTS / 10);
  if (bounds.length === 0) return undefined;
  // Processes that know of each other each get their part.
  return Math.max(1, Math.floor(Math.min(...bounds) / (isShared ? processes : 1)));
}

/** Requests in flight that keep up with that. */
export function inFlight(situation) {
  const pictures = perMinute(situation);
  if (pictures === undefined) return CAUTIOUS;
  return Math.max(1, Math.round((pictures * TAKES) / 60));
}
