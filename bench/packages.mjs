/**
 * The packages that are compared, each loaded only where it takes part: one that is loaded costs
 * memory. They live in the folder of the tests, where no name leads from here.
 */
const TESTS = '../tests/node_modules';

export const unexhausted = () => import('../pkg/index.js');
export const adapter = (name) => import(`../pkg/adapters/${name}.js`);
export const pRetry = async () => (await import(`${TESTS}/p-retry/index.js`)).default;
export const cockatiel = () => import(`${TESTS}/cockatiel/dist/index.js`);
export const genai = () => import(`${TESTS}/@google/genai/dist/node/index.mjs`);
export const ai = () => import(`${TESTS}/ai/dist/index.js`);
export const aiGoogle = () => import(`${TESTS}/@ai-sdk/google/dist/index.js`);
export const esbuild = async () => (await import(`${TESTS}/esbuild/lib/main.js`)).default;
