// The loop that everyone writes by hand, as one import. Run it with a key in GEMINI_API_KEY.
import { writeFileSync } from 'node:fs';
import { generateWithRetry, isGenerateError } from 'unexhausted';

const file = process.argv[3] ?? 'picture.png';
try {
  const response = await generateWithRetry(process.argv[2] ?? 'a lighthouse at dusk', {
    maxRetries: 5,
    onRetry: ({ attempt, delay, info }) =>
      console.log(`attempt ${attempt}: ${info.summary} Waiting ${Math.round(delay / 1000)} s.`),
  });
  // A refused prompt resolves too, as in the loop.
  if (!response.data) throw new Error(response.text ?? 'an answer without a picture');
  writeFileSync(file, Buffer.from(response.data, 'base64'));
  console.log(`saved ${file}`);
} catch (error) {
  // The message says what the service said and what to do.
  console.error(isGenerateError(error) ? error.message : error);
  process.exitCode = 1;
}
