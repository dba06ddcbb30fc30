/** Errors of the clients that are not live here, as they were recorded; and the page of all of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { CLIENTS } from './clients/all.ts';
import { docsOf } from './docs.ts';
import { EXPECTED } from './expected.ts';
import { FAULTS } from './faults.ts';
import { entryOf, toldOf, toldOfRecord } from './live.ts';
import { faultOf, readRecords, replayed } from './records.ts';
import { check, expectedOf, strays } from './rows.ts';
import { openService, type Service } from './service.ts';

const records = readRecords();
const isLive = (name: string): boolean => CLIENTS.some((sdk) => sdk.name === name);

for (const record of records.filter(({ name }) => !isLive(name))) {
  describe(record.name, () => {
    for (const [name, met] of Object.entries(record.faults)) {
      it(name, () => {
        const fault = faultOf(name);
        const { isSwallowed } = expectedOf(EXPECTED, record.name, fault, []);
        assert.equal(met.isSwallowed === true, isSwallowed);
        if (isSwallowed) return;
        check(EXPECTED, record.name, fault, replayed(met, fault), () => met.held ?? []);
      });
    }
  });
}

it('each row of EXPECTED is of a client and a fault', () => {
  const names = [...CLIENTS, ...records].map(({ name }) => name);
  const faults = FAULTS.map(({ name }) => name);
  assert.deepEqual(strays(EXPECTED, names, faults), []);
});

describe('docs/sdks.md', () => {
  let service: Service;
  before(async () => {
    service = await openService();
  });
  after(() => service.close());

  it('says what is read now; `npm run sdks` writes it', async () => {
    const live = [];
    for (const sdk of CLIENTS) live.push(toldOf(await entryOf(service, sdk, import.meta.url)));
    for (const { entry } of live) {
      // How long a client goes on takes its time to see, so that is read of the record.
      const seen = records.find(({ name }) => name === entry.name)?.seen;
      if (seen !== undefined) entry.seen = seen;
    }
    const others = records.filter(({ name }) => !isLive(name)).map(toldOfRecord);
    const page = readFileSync(new URL('../../docs/sdks.md', import.meta.url), 'utf8');
    assert.equal(page, docsOf([...live, ...others], EXPECTED));
  });
});
