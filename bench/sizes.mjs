/** What a page downloads: the default entry bundled and minified, with all that it can reach. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { esbuild } from './packages.mjs';

const KIB = 1024;
const BUDGET_KIB = 72;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

async function bundled(entry) {
  const { build } = await esbuild();
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(path(entry))};`, resolveDir: path('.') },
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
    // What is imported on use is no part of what a page downloads first.
    external: ['*/guide-inline.js', '*/guide.js', '*/bulk-inline.js', '*/bulk.js'],
  });
  return outputFiles[0].contents;
}

export async function sizes() {
  const ours = await bundled('../pkg/index.js');
  const sdk = await bundled('../tests/node_modules/@google/genai/dist/web/index.mjs');
  const wasm = readFileSync(path('../pkg/wasm/unexhausted_bg.wasm'));
  const packed = (bytes) => gzipSync(bytes, { level: 9 }).length / KIB;
  const row = (name, measured, limit) => ({
    name,
    unit: 'KiB',
    measured,
    ratio: measured / packed(sdk),
    limit,
  });
  return [
    row('@google/genai/web, gzipped', packed(sdk)),
    row('unexhausted, gzipped', packed(ours), BUDGET_KIB),
    row('its WebAssembly alone, gzipped', packed(wasm)),
    row('its WebAssembly alone', wasm.length / KIB),
  ];
}
