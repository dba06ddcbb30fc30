/**
 * The clients of others as judges: what is read of the errors that they throw is what is read of the
 * answers that they were given, or a row of `EXPECTED` says why not.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { classifyError } from '../../pkg/index.js';
import { CLIENTS } from './clients/all.ts';
import { FAULTS, readingOf } from './faults.ts';
import { ask, nextCaller, rawReading } from './judge.ts';
import { openService, type Service } from './service.ts';
import { judgeAll } from './suite.ts';

describe('the answer itself', () => {
  let service: Service;
  before(async () => {
    service = await openService();
  });
  after(() => service.close());

  for (const fault of FAULTS) {
    it(fault.name, async () => {
      for (const dialect of ['google', 'openai', 'openrouter'] as const) {
        const raw = rawReading(fault, dialect);
        if (raw !== undefined) assert.deepEqual(raw, fault.says, dialect);
      }
      const thrown = await ask(fault, service.url(fault, nextCaller(), 'google')).catch((e) => e);
      assert.deepEqual(readingOf(classifyError(thrown)), fault.says);
    });
  }
});

judgeAll(CLIENTS);
