/** The size of a page's first download: the default entry, bundled and minified. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { esbuild } from './packages.mjs';

const KIB = 1024;
const BUDGET_KIB = 72;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The scripts of a page that has not called anything yet: what is imported on use comes later. */
async function bundled(entry) {
  const { build } = await esbuild();
  const { outputFiles, metafile } = await build({
    entryPoints: { entry: path(entry) },
    bundle: true,
    splitting: true,
    outdir: path('.'),
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
  });
  const reached = new Set(
    Object.keys(metafile.outputs).filter((name) => /\bentry\.js$/.test(name)),
  );
  for (const name of reached) {
    for (const { path: other, kind } of metafile.outputs[name].imports) {
      if (kind === 'import-statement') reached.add(other);
    }
  }
  const isReached = ({ path: file }) => [...reached].some((name) => file.endsWith(`/${name}`));
  return Buffer.concat(outputFiles.filter(isReached).map(({ contents }) => contents));
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
