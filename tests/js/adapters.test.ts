/** The common rule of adapters: they load where they are imported, and add no byte elsewhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { classifyError, errorInfo, GenerateError, retry, retryAfterOf } from '../../pkg/index.js';

/** Every file that comes with an entry, those apart that are only loaded when they are needed. */
function closure(entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (url: URL): void => {
    if (found.has(url.href)) return;
    found.add(url.href);
    const code = url.pathname.endsWith('.js') ? readFileSync(url, 'utf8') : '';
    for (const [, target] of code.matchAll(/^(?:import|export) (?:[^;']* from )?'([^']+)'/gm)) {
      if (target?.startsWith('.')) visit(new URL(target.replace('?module', ''), url));
    }
  };
  visit(new URL(`../../pkg/${entry}`, import.meta.url));
  return found;
}

for (const entry of ['index.js', 'entry/workerd.js', 'entry/edge-light.js']) {
  it(`${entry} holds no adapter`, () => {
    const files = [...closure(entry)];
    assert.ok(files.length > 30, `only ${files.length} files`);
    assert.deepEqual(
      files.filter((file) => file.includes('/adapters/')),
      [],
    );
  });
}

it('an adapter holds the package by its name alone, in whose place it would be there twice', () => {
  for (const name of ['ai', 'genai']) {
    const files = [...closure(`adapters/${name}.js`)].map((file) => file.split('/pkg/')[1] ?? '');
    assert.deepEqual(
      files.filter((file) => !file.startsWith('adapters/')),
      ['errors.js'],
    );
  }
});

describe('retryAfterOf', () => {
  const body = (code: number, status: string, ...details: object[]) => ({
    status: code,
    body: { error: { code, status, message: 'told', details } },
  });
  const info = (retryDelay: string) => ({
    '@type': 'type.googleapis.com/google.rpc.RetryInfo',
    retryDelay,
  });
  const spentDay = {
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel', quotaValue: '250' }],
  };

  it('is the wait that the service names', () => {
    const wait = retryAfterOf(body(429, 'RESOURCE_EXHAUSTED', info('31.5s'))) ?? 0;
    assert.ok(wait > 31_000 && wait <= 31_500, String(wait));
  });

  it('is the time until midnight Pacific where the day is spent, whatever wait is named', () => {
    const error = body(429, 'RESOURCE_EXHAUSTED', spentDay, info('31s'));
    const at = classifyError(error).retryAt?.getTime() ?? 0;
    assert.ok(Math.abs((retryAfterOf(error) ?? 0) - (at - Date.now())) < 1_000);
  });

  it('is not known where nothing says it, or no other try can help', () => {
    for (const error of [
      body(503, 'UNAVAILABLE'),
      body(400, 'INVALID_ARGUMENT', info('3s')),
      new Error('any'),
      undefined,
    ]) {
      assert.equal(retryAfterOf(error), undefined);
    }
  });

  it('is known of what `retry` throws, and of a `GenerateError`', async () => {
    const error = Object.assign(new Error('any'), body(429, 'RESOURCE_EXHAUSTED', info('3000s')));
    await assert.rejects(
      retry(() => Promise.reject(error)),
      error,
    );
    const wait = retryAfterOf(error) ?? 0;
    assert.ok(wait > 2_990_000 && wait <= 3_000_000, String(wait));
    const facts = errorInfo(error);
    const ours = new GenerateError({ kind: 'rate_limited', message: '', advice: '', info: facts });
    assert.ok((retryAfterOf(ours) ?? 0) > 2_990_000);
  });
});
