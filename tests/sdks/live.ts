/** A client as it is now, for the page and the records. */
import { readFileSync } from 'node:fs';
import type { Told } from './docs.ts';
import { FAULTS } from './faults.ts';
import { judge, meets, type Outcome } from './judge.ts';
import { type Entry, faultOf, metOf, replayed } from './records.ts';
import type { Sdk } from './sdk.ts';
import type { Service } from './service.ts';

export interface Live {
  entry: Entry;
  outcomes: Map<string, Outcome>;
}

/** Calls a client with each fault; its package lies beside `home`. */
export async function entryOf(service: Service, sdk: Sdk, home: string): Promise<Live> {
  const outcomes = new Map<string, Outcome>();
  for (const fault of FAULTS) {
    if (meets(sdk, fault)) outcomes.set(fault.name, await judge(service, sdk, fault));
  }
  const faults = [...outcomes].map(([name, outcome]) => [name, metOf(outcome, faultOf(name))]);
  const { name, retries } = sdk;
  const version = versionOf(sdk.package, home);
  return { entry: { name, version, retries, faults: Object.fromEntries(faults) }, outcomes };
}

function versionOf(name: string, home: string): string {
  const file = new URL(`./node_modules/${name}/package.json`, home);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

export function toldOf({ entry, outcomes }: Live): Told {
  const readings = [...outcomes].map(([name, { forms }]) => [
    name,
    forms && Object.fromEntries(Object.entries(forms).map(([form, one]) => [form, one.reading])),
  ]);
  return { entry, readings: Object.fromEntries(readings) };
}

/** The present readings of a record; of the error itself, which no file holds, the one made then. */
export function toldOfRecord(entry: Entry): Told {
  const readings = Object.entries(entry.faults).map(([name, met]) => {
    if (met.isSwallowed) return [name, undefined];
    const forms = Object.entries(replayed(met, faultOf(name)));
    const texts = Object.fromEntries(forms.map(([form, { reading }]) => [form, reading]));
    return [name, met.thrown === undefined ? texts : { thrown: met.thrown, ...texts }];
  });
  return { entry, readings: Object.fromEntries(readings) };
}
