/** Requests that are data: lines of a file, jobs of a queue. */

/** Fields that say where a request goes, and with which headers. */
const ROUTING_FIELDS = ['baseUrl', 'apiVersion', 'headers'];

/**
 * Refuses a request that says where it is to go or with which headers. The author of data must not be
 * sent the key, nor choose who is.
 *
 * @throws `TypeError` that names the key.
 */
export function checkData(request: unknown): void {
  const { config } = (request ?? {}) as { config?: { httpOptions?: Record<string, unknown> } };
  const named = ROUTING_FIELDS.find((key) => config?.httpOptions?.[key] !== undefined);
  if (named === undefined) return;
  throw new TypeError(
    `unexhausted: \`${named}\` is for the client to say: leave it out of \`config.httpOptions\` of a request that is data`,
  );
}
