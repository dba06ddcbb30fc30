/** How rows of expected differences are looked up, and their reasons checked. */
import assert from 'node:assert/strict';
import { type Fault, FIELDS, type Field, type Reading } from './faults.ts';
import { bareReading, isCut, isDestroyed, type Judged } from './judge.ts';

/**
 * Why something is read otherwise than of the answer itself. `destroyed`: nothing that tells it is left
 * in the error. `renamed`: nor is it, and the client calls it by a word that means something else. `cut`:
 * it is left out where the error is printed. `swallowed`: the call succeeds. `ours`: a fault of the
 * classifier's, which is told; whoever mends it deletes the row.
 */
export type Reason = 'destroyed' | `renamed: ${string}` | 'cut' | 'swallowed' | `ours: ${string}`;

export interface Row {
  sdk: string;
  faults: string[];
  /** In which forms; each where absent. */
  forms?: string[];
  fields?: Field[];
  reason: Reason;
}

/** The fields that are expected to be wrong in each form. */
export function expectedOf(rows: Row[], sdk: string, fault: Fault, forms: string[]) {
  const own = rows.filter((row) => row.sdk === sdk && row.faults.includes(fault.name));
  const of = (form: string): Row[] =>
    own.filter((row) => row.forms === undefined || row.forms.includes(form));
  return {
    isSwallowed: own.some(({ reason }) => reason === 'swallowed'),
    rows: own,
    of,
    wrong: Object.fromEntries(
      forms.map((form) => {
        const fields = new Set(of(form).flatMap((row) => row.fields ?? []));
        return [form, FIELDS.filter((field) => fields.has(field))];
      }),
    ),
  };
}

/** Holds what was read against the rows; `held` tells which traces are left in the whole error. */
export function check(
  rows: Row[],
  sdk: string,
  fault: Fault,
  forms: Record<string, Judged>,
  held: () => string[],
): void {
  const expected = expectedOf(rows, sdk, fault, Object.keys(forms));
  const wrong = Object.fromEntries(Object.entries(forms).map(([form, one]) => [form, one.wrong]));
  assert.deepEqual(wrong, expected.wrong, 'a row of EXPECTED is missing, or one is to be deleted');
  for (const [form, { value, reading }] of Object.entries(forms)) {
    for (const { reason, fields = [] } of expected.of(form)) {
      const where = `${form}: ${fields.join(', ')}`;
      const [, name] = /^renamed: (.*)/.exec(reason) ?? [];
      if (reason === 'destroyed' || name) assert.ok(isDestroyed(held(), fields), where);
      if (name) assert.ok(String(value).includes(name), where);
      if (reason === 'cut') assert.ok(isCut(value, fault, fields), where);
      // Of what is not there nothing may be made up, beside what the status alone says.
      if (reason === 'destroyed' || reason === 'cut') {
        assert.deepEqual(only(reading, fields), only(bareReading(fault), fields), where);
      }
    }
  }
}

const only = (reading: Reading, fields: Field[]): unknown[] =>
  fields.map((field) => reading[field]);

/** Rows that nothing can match any more, since no such client or fault is there. */
export function strays(rows: Row[], sdks: string[], faults: string[]): Row[] {
  return rows.filter(
    (row) => !sdks.includes(row.sdk) || !row.faults.every((f) => faults.includes(f)),
  );
}
