/** Copies of the package whose WebAssembly traps: always, or where a test says. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import binaryen from 'binaryen';

const PKG = fileURLToPath(new URL('../../../pkg', import.meta.url));

/** Features that rustc uses; a module that names others does not load everywhere. */
const FEATURES =
  binaryen.Features.MutableGlobals |
  binaryen.Features.SignExt |
  binaryen.Features.NontrappingFPToInt |
  binaryen.Features.BulkMemory |
  binaryen.Features.BulkMemoryOpt |
  binaryen.Features.Multivalue |
  binaryen.Features.ReferenceTypes |
  binaryen.Features.CallIndirectOverlong;

/** Of the types of binaryen this part is missing. */
const { getBody, setBody } = (
  binaryen as unknown as {
    Function: {
      getBody(reference: number): number;
      setBody(reference: number, body: number): void;
    };
  }
).Function;

/** A copy of the package, and how to remove it. */
export interface Copy {
  path: string;
  remove(): void;
}

/** The modules of the package, and the scripts that carry them. */
const SCRIPTS = { unexhausted: 'inline', bulk: 'bulk-inline' };

function copyWith(name: keyof typeof SCRIPTS, change: (module: binaryen.Module) => void): Copy {
  const path = mkdtempSync(join(tmpdir(), 'unexhausted-trap-'));
  cpSync(PKG, path, { recursive: true });
  // Outside of the package nothing says that these are ES modules.
  writeFileSync(join(path, 'package.json'), '{"type":"module"}');
  const bytes = readFileSync(join(PKG, 'wasm', `${name}_bg.wasm`));
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES);
  change(module);
  const changed = module.emitBinary();
  module.dispose();
  const text = gzipSync(changed).toString('base64');
  writeFileSync(join(path, 'wasm', `${SCRIPTS[name]}.js`), `export const wasm = '${text}';\n`);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function forEachFunction(
  module: binaryen.Module,
  visit: (reference: number, info: binaryen.FunctionInfo) => void,
): void {
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const info = binaryen.getFunctionInfo(reference);
    if (info.base === '' || info.base === null) visit(reference, info);
  }
}

/** A copy in which every function traps. */
export function trapping(): Copy {
  return copyWith('unexhausted', (module) => {
    forEachFunction(module, (reference) => setBody(reference, module.unreachable()));
  });
}

/**
 * A copy with a fuse: the exported global `fuse` counts down with each call of a function, and on
 * reaching zero the function traps, however deep inside it is. The module that fails is the core's, or
 * that of batches.
 */
export function fused(name: keyof typeof SCRIPTS = 'unexhausted'): Copy {
  return copyWith(name, (module) => {
    const { i32 } = module;
    module.addGlobal('fuse', binaryen.i32, true, i32.const(0));
    module.addGlobalExport('fuse', 'fuse');
    const fuse = (): number => module.global.get('fuse', binaryen.i32);
    forEachFunction(module, (reference, info) => {
      const burn = module.block(null, [
        module.global.set('fuse', i32.sub(fuse(), i32.const(1))),
        module.if(i32.eqz(fuse()), module.unreachable()),
      ]);
      const guard = module.if(fuse(), burn);
      const body = getBody(reference);
      setBody(reference, module.block(null, [guard, body], info.results));
    });
  });
}
