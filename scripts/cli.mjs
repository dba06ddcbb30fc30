/**
 * Bundles the command line with the packages that it needs, so that a user installs nothing else.
 * The package itself is not bundled: the command line imports what lies beside it.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notices } from './licenses.mjs';
import { Problem, ROOT } from './shell.mjs';

/** Makes `main.js`, and the licenses of what is inside it. */
export async function bundleCli(folder) {
  // Loaded here, since a fresh clone has it only once the build has set it up.
  const { build } = await import('esbuild');
  const outfile = join(folder, 'main.js');
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['js/cli/main.ts'],
    outfile,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [besides],
    // CommonJS packages ask for Node's modules by `require`, which a module does not have.
    banner: {
      js: [
        "import { createRequire as __createRequire } from 'node:module';",
        'const require = __createRequire(import.meta.url);',
      ].join('\n'),
    },
  });
  chmodSync(outfile, 0o755);
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), licenses(Object.keys(metafile.inputs)));
}

/** Files outside `js/cli/` are the package, which is published anyway and need not be bundled twice. */
const besides = {
  name: 'besides',
  setup({ onResolve }) {
    onResolve(
      { filter: /^(?:\.\.\/)+(?:bulk\/|client\/|emulator\/|stores\/)?[\w-]+\.js$/ },
      ({ path, importer }) => {
        if (!importer.startsWith(join(ROOT, 'js', 'cli'))) return undefined;
        const nested = importer.startsWith(join(ROOT, 'js', 'cli', 'commands'));
        const outside = nested ? path.startsWith('../../') : path.startsWith('../');
        return outside ? { path: path.replace('../../', '../'), external: true } : undefined;
      },
    );
  },
};

/** The text of each package's license. */
function licenses(inputs) {
  // A package may lie in the folder of another; its own is the last in the path.
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]);
  const packages = [...new Set(folders.filter((folder) => folder !== undefined))].sort();
  const found = packages.map((folder) => {
    const at = join(ROOT, folder);
    const { name, version, license } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
    const file = readdirSync(at).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Problem(`${name} comes without the text of its license`);
    return { name, version, license, text: readFileSync(join(at, file), 'utf8').trim() };
  });
  return notices('The command line contains these packages.', found);
}
