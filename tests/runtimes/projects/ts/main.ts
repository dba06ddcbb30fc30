import {
  classifyError,
  configure,
  createClient,
  type ErrorInfo,
  GenerateError,
  generateWithRetry,
} from 'unexhausted';
import { startEmulator } from 'unexhausted/emulator';

async function main(): Promise<void> {
  const server = await startEmulator({ port: 0, latency: 20 });
  server.emulator.script([{ fault: '503' }]);
  configure({ apiKey: 'a-key-for-tests', baseUrl: server.url });
  const response = await generateWithRetry('a paper boat', { maxRetries: 3, baseDelay: 10 });
  const data: string | undefined = response.candidates?.[0]?.content?.parts?.[0]?.inlineData?.data;
  const info: ErrorInfo = classifyError(new Error('503 overloaded'));

  const client = createClient({ apiKey: 'a-key-for-tests', baseUrl: server.url });
  const result = await client.generate({ contents: 'a kite' });
  const bytes: number | undefined = result.images[0]?.bytes().length;
  // @ts-expect-error An option that does not exist must not compile.
  const wrong = () => generateWithRetry('x', { retries: 3 });

  const error: unknown = new TypeError('x');
  const status: number | undefined = error instanceof GenerateError ? error.status : undefined;
  const fine =
    data !== undefined && (bytes ?? 0) > 0 && status === undefined && typeof wrong === 'function';
  console.log(fine && info.kind === 'overloaded' ? 'all is well' : info);
  await server.close();
}

main();
