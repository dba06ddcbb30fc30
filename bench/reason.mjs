/**
 * The name of an error: its kind, its number or its code. The AI SDK keeps these in the last of its
 * errors.
 */
export function reason(error) {
  const { kind, status, statusCode, cause, message } = error.lastError ?? error;
  return String(kind ?? status ?? statusCode ?? cause?.code ?? message);
}
