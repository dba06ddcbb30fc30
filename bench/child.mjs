/** Benchmarks run in processes of their own, where nobody else's memory and code get in the way. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a file of this folder as a program; gives what it answers. */
export function inChild(file, ...args) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code}`));
    });
  });
}

/** In the file that was started: runs its main function and writes what that gives. */
export async function answerWith(meta, body) {
  if (process.argv[1] !== fileURLToPath(meta.url)) return;
  process.stdout.write(`${JSON.stringify(await body(...process.argv.slice(2)))}\n`);
}
