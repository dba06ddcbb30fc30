/** A module of the command line by itself; what is published has them all in one file. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Imports `js/cli/<name>.ts`. */
export async function importCli<Module>(name: string): Promise<Module> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../../js/cli/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
  });
  const [file] = outputFiles;
  const code = Buffer.from(file?.contents ?? '').toString('base64');
  return (await import(`data:text/javascript;base64,${code}`)) as Module;
}
