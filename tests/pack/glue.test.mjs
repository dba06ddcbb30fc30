/** The patch of wasm-bindgen's glue: complete on what the build makes, loud on anything else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { patchGlue } from '../../scripts/glue.mjs';

const file = (path) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const generated = file('target/wasm-build/unexhausted/unexhausted.js');

test('what is published is the patched glue', () => {
  assert.equal(file('pkg/wasm/unexhausted.js'), patchGlue(generated));
});

test('the patch is not applied twice', () => {
  assert.throws(() => patchGlue(patchGlue(generated)), /glue patch: .* was found 0 times/);
});

const CHANGES = {
  'a closure maker': ['state.cnt++;', 'state.cnt += 1;'],
  'the finalizer of closures': ['if (state.instance === __wbg_instance_id) {', 'if (true) {'],
  'the reset': ['export function __wbg_reset_state () {', 'export function __wbg_reset() {'],
  'the exports': ['wasm = instance.exports;', 'wasm = { ...instance.exports };'],
  'the handler of exceptions': ['wasm.__wbindgen_exn_store(idx);', 'wasm.store(idx);'],
  'the entries of closures': [/wasm_bindgen__convert__closures/g, 'closures'],
};

for (const [what, [from, to]] of Object.entries(CHANGES)) {
  test(`another version of ${what} fails the build`, () => {
    const changed = generated.replace(from, to);
    assert.notEqual(changed, generated);
    assert.throws(() => patchGlue(changed), /glue patch/);
  });
}
