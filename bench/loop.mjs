/** The loop that people write by hand, as the guide prints it, around any call. */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function handRolled(call, maxRetries = 5, baseDelay = 2000, maxJitter = 1000) {
  for (let attempt = 1; attempt <= maxRetries; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const code = error?.status || error?.code;
      if (code !== 429 && code !== 503) throw error;
      if (attempt === maxRetries) throw error;
      const delay = Math.min(baseDelay * 2 ** (attempt - 1), 60000);
      await sleep(delay + Math.random() * maxJitter);
    }
  }
}
