// The same decisions around a call of another SDK; the error that remains is that SDK's own.
import { GoogleGenAI } from '@google/genai';
import { errorInfo, retry } from 'unexhausted';

const ai = new GoogleGenAI({ apiKey: process.env.GEMINI_API_KEY });
try {
  const response = await retry(
    ({ attempt, signal }) => {
      console.log(`attempt ${attempt}`);
      return ai.models.generateContent({
        model: 'gemini-3-pro-image',
        contents: process.argv[2] ?? 'a lighthouse at dusk',
        config: { abortSignal: signal },
      });
    },
    { maxAttempts: 5, deadline: 120_000 },
  );
  console.log(`${response.data?.length} letters of base64`);
} catch (error) {
  console.error(errorInfo(error)?.advice ?? error);
  process.exitCode = 1;
}
