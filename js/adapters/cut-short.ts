/** The error of a stream that breaks off where its SDK says nothing. */

/** It reads as a lost connection, which is what it mostly is. */
export function cutShort(): Error {
  const error = new Error('unexhausted: the stream ended before its finishReason');
  return Object.assign(error, { code: 'ECONNRESET' });
}
