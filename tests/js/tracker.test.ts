/** `QuotaTracker`: the ledger alone, for code that makes its own calls. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import {
  type QuotaAlert,
  QuotaTracker,
  type QuotaTrackerOptions,
  type Reservation,
} from '../../pkg/index.js';
import { NOON, TIMERS } from './support/clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: FakeTimers.Clock;
beforeEach(() => begin(NOON));
afterEach(() => clock.uninstall());

function begin(now: number | string): void {
  clock?.uninstall();
  clock = FakeTimers.install({ now: new Date(now), toFake: TIMERS });
}

const usageOf = (tracker: QuotaTracker, dimension: string) =>
  tracker.usage().find((row) => row.dimension === dimension);
const used = (tracker: QuotaTracker, dimension = 'requests_per_minute'): number | undefined =>
  usageOf(tracker, dimension)?.used;

function taken(reservation: Reservation): Reservation & { ok: true } {
  assert.ok(reservation.ok, `not before ${(reservation as { retryAt?: Date }).retryAt}`);
  return reservation;
}

function refused(reservation: Reservation): Reservation & { ok: false } {
  assert.ok(!reservation.ok, 'it was let through');
  return reservation;
}

describe('record', () => {
  it('counts requests, tokens and pictures against each limit', () => {
    const tracker = new QuotaTracker({ rpm: 10, tpm: 1_000, ipm: 8, rpd: 50, tpd: 5_000 });
    tracker.recordRequest();
    tracker.recordRequest({ tokens: 300, images: 2 });
    assert.deepEqual(
      tracker.usage().map(({ dimension, used, limit, source }) => [dimension, used, limit, source]),
      [
        ['requests_per_minute', 2, 10, 'given'],
        ['tokens_per_minute', 300, 1_000, 'given'],
        ['images_per_minute', 3, 8, 'given'],
        ['requests_per_day', 2, 50, 'given'],
        ['tokens_per_day', 300, 5_000, 'given'],
      ],
    );
  });

  it('counts what goes beyond a limit too', () => {
    const tracker = new QuotaTracker({ rpm: 2 });
    for (let call = 0; call < 5; call += 1) tracker.recordRequest();
    assert.equal(used(tracker), 5);
    refused(tracker.reserve());
  });

  it('tells when some of it is free again', () => {
    const tracker = new QuotaTracker({ rpm: 2, rpd: 9 });
    assert.deepEqual(
      tracker.usage().map(({ freesAt }) => freesAt),
      [undefined, undefined],
    );
    tracker.recordRequest();
    clock.tick(10_000);
    tracker.recordRequest();
    const frees = (usageOf(tracker, 'requests_per_minute')?.freesAt?.getTime() ?? 0) - NOON;
    assert.ok(frees >= MINUTE && frees <= MINUTE + 1_000, `${frees}`);
    clock.tick(frees - 10_000);
    assert.equal(used(tracker), 1);
    clock.tick(11_000);
    assert.equal(used(tracker), 0);
    assert.equal(used(tracker, 'requests_per_day'), 2);
  });

  it('of a tracker without limits counts and refuses nothing', () => {
    const tracker = new QuotaTracker({});
    for (let call = 0; call < 100; call += 1) taken(tracker.reserve({ tokens: 1e6 }));
    assert.equal(used(tracker), 100);
    assert.equal(usageOf(tracker, 'requests_per_minute')?.limit, undefined);
  });

  it('`Infinity` is no limit', () => {
    const tracker = new QuotaTracker({ rpm: Infinity });
    for (let call = 0; call < 1_000; call += 1) taken(tracker.reserve());
  });
});

describe('reserve', () => {
  it('lets through what fits, and says when the next may go', () => {
    const tracker = new QuotaTracker({ rpm: 3 });
    for (let call = 0; call < 3; call += 1) taken(tracker.reserve());
    const { retryAt, dimension } = refused(tracker.reserve());
    assert.equal(dimension, 'requests_per_minute');
    const wait = retryAt.getTime() - Date.now();
    assert.ok(wait >= MINUTE && wait <= MINUTE + 1_000, `${wait}`);
    assert.equal(used(tracker), 3, 'what was refused is not counted');
    clock.tick(wait - 1_000);
    assert.equal(tracker.reserve().ok, false);
    clock.tick(1_000);
    taken(tracker.reserve());
  });

  it('is never over a minute, however that is counted', () => {
    const tracker = new QuotaTracker({ rpm: 5 });
    const sent: number[] = [];
    // Requests take up to 420 ms to arrive, each another time.
    for (let at = 0; at < 10 * MINUTE; at += 700) {
      if (tracker.reserve().ok) sent.push(at);
      clock.tick(700);
    }
    for (const [index, at] of sent.entries()) {
      const sixth = sent[index + 5] ?? Infinity;
      assert.ok(sixth - at >= MINUTE + 400, `six within ${sixth - at}`);
    }
    assert.ok(sent.length >= 48, `${sent.length} in ten minutes`);
  });

  it('is all or nothing over the limits', () => {
    const tracker = new QuotaTracker({ rpm: 10, tpm: 1_000, rpd: 10 });
    taken(tracker.reserve({ tokens: 800 }));
    const { dimension } = refused(tracker.reserve({ tokens: 300 }));
    assert.equal(dimension, 'tokens_per_minute');
    assert.deepEqual([used(tracker), used(tracker, 'requests_per_day')], [1, 1]);
    taken(tracker.reserve({ tokens: 200 }));
  });

  it('that is cancelled is free again', () => {
    const tracker = new QuotaTracker({ rpm: 1, tpm: 100, ipm: 4, rpd: 1 });
    const reservation = taken(tracker.reserve({ tokens: 100, images: 4 }));
    refused(tracker.reserve());
    reservation.cancel();
    assert.deepEqual(
      tracker.usage().map((row) => row.used),
      [0, 0, 0, 0],
    );
    taken(tracker.reserve({ tokens: 100, images: 4 }));
  });

  it('that is settled counts what was used, less or more', () => {
    const tracker = new QuotaTracker({ rpm: 10, tpm: 1_000, ipm: 10 });
    taken(tracker.reserve({ tokens: 900, images: 4 })).settle({ tokens: 100, images: 1 });
    assert.deepEqual(
      [used(tracker), used(tracker, 'tokens_per_minute'), used(tracker, 'images_per_minute')],
      [1, 100, 1],
    );
    taken(tracker.reserve({ tokens: 100 })).settle({ tokens: 900 });
    assert.equal(used(tracker, 'tokens_per_minute'), 1_000);
    refused(tracker.reserve({ tokens: 1 }));
  });

  it('that is settled without a word counts what was reserved', () => {
    const tracker = new QuotaTracker({ tpm: 1_000 });
    taken(tracker.reserve({ tokens: 700 })).settle();
    assert.equal(used(tracker, 'tokens_per_minute'), 700);
  });

  it('ends once: what comes later changes nothing', () => {
    const tracker = new QuotaTracker({ rpm: 10, tpm: 1_000 });
    const one = taken(tracker.reserve({ tokens: 500 }));
    one.settle({ tokens: 100 });
    one.cancel();
    one.settle({ tokens: 900 });
    assert.deepEqual([used(tracker), used(tracker, 'tokens_per_minute')], [1, 100]);
    const other = taken(tracker.reserve({ tokens: 500 }));
    other.cancel();
    other.cancel();
    other.settle();
    assert.deepEqual([used(tracker), used(tracker, 'tokens_per_minute')], [1, 100]);
  });

  it('that is settled late counts where it was reserved', () => {
    const tracker = new QuotaTracker({ tpm: 1_000 });
    const reservation = taken(tracker.reserve({ tokens: 400 }));
    clock.tick(2 * MINUTE);
    reservation.settle({ tokens: 1_000 });
    assert.equal(used(tracker, 'tokens_per_minute'), 0);
    taken(tracker.reserve({ tokens: 1_000 }));
  });

  it('that is larger than its limit goes alone', () => {
    const tracker = new QuotaTracker({ tpm: 1_000 });
    taken(tracker.reserve({ tokens: 100 }));
    refused(tracker.reserve({ tokens: 5_000 }));
    clock.tick(MINUTE + 1_000);
    taken(tracker.reserve({ tokens: 5_000 }));
    refused(tracker.reserve({ tokens: 1 }));
    clock.tick(MINUTE + 1_000);
    taken(tracker.reserve({ tokens: 1_000 }));
  });
});

describe('the day', () => {
  const days: [string, string, string][] = [
    ['in winter', '2026-11-25T06:30:00Z', '2026-11-25T08:00:00Z'],
    ['in summer', '2026-07-01T06:30:00Z', '2026-07-01T07:00:00Z'],
    ['that is 23 hours long', '2026-03-08T08:30:00Z', '2026-03-09T07:00:00Z'],
    ['that is 25 hours long', '2026-11-01T07:30:00Z', '2026-11-02T08:00:00Z'],
  ];
  for (const [name, start, midnight] of days) {
    it(`${name} ends at midnight in Los Angeles`, () => {
      begin(start);
      const tracker = new QuotaTracker({ rpd: 2, tpd: 1_000 });
      taken(tracker.reserve({ tokens: 10 }));
      taken(tracker.reserve({ tokens: 10 }));
      const { retryAt, dimension } = refused(tracker.reserve());
      assert.equal(dimension, 'requests_per_day');
      const late = retryAt.getTime() - Date.parse(midnight);
      assert.ok(late >= 0 && late <= 5_000, `${retryAt.toISOString()}`);
      clock.tick(Date.parse(midnight) - Date.now() - 1);
      refused(tracker.reserve());
      clock.tick(5_000);
      assert.deepEqual(
        [used(tracker, 'requests_per_day'), used(tracker, 'tokens_per_day')],
        [0, 0],
      );
      taken(tracker.reserve());
    });
  }

  it('tokens a day are kept to', () => {
    const tracker = new QuotaTracker({ tpd: 1_000 });
    taken(tracker.reserve({ tokens: 900 }));
    clock.tick(HOUR);
    assert.equal(refused(tracker.reserve({ tokens: 200 })).dimension, 'tokens_per_day');
    taken(tracker.reserve({ tokens: 100 }));
  });

  it('a wall clock that is set forward does not end it', () => {
    const tracker = new QuotaTracker({ rpd: 1 });
    taken(tracker.reserve());
    clock.setSystemTime(NOON + 24 * HOUR);
    // It may be a computer that slept: one request finds out.
    taken(tracker.reserve()).cancel();
    const asks = taken(tracker.reserve());
    refused(tracker.reserve());
    asks.settle();
    // It was served, so the day was over; and one is all that there is of the next.
    assert.equal(refused(tracker.reserve()).dimension, 'requests_per_day');
    assert.equal(used(tracker, 'requests_per_day'), 1);
  });

  it('a wall clock that is set back an hour spends nothing twice', () => {
    begin('2026-11-25T08:30:00Z');
    const tracker = new QuotaTracker({ rpm: 2, rpd: 2 });
    taken(tracker.reserve());
    clock.setSystemTime(Date.parse('2026-11-25T07:30:00Z'));
    taken(tracker.reserve());
    refused(tracker.reserve());
    clock.tick(2 * MINUTE);
    assert.equal(refused(tracker.reserve()).dimension, 'requests_per_day');
  });
});

describe('alerts', () => {
  const record = (options: QuotaTrackerOptions) => {
    const alerts: QuotaAlert[] = [];
    const tracker = new QuotaTracker({ ...options, onAlert: (alert) => alerts.push(alert) });
    return { alerts, tracker };
  };

  it('come at 70 %, once until it has fallen below half', () => {
    const { alerts, tracker } = record({ rpm: 10 });
    for (let call = 0; call < 6; call += 1) tracker.recordRequest();
    assert.deepEqual(alerts, []);
    tracker.recordRequest();
    const alert = { dimension: 'requests_per_minute', used: 7, limit: 10, threshold: 0.7 };
    assert.deepEqual(alerts, [alert]);
    for (let call = 0; call < 3; call += 1) tracker.recordRequest();
    assert.equal(alerts.length, 1);
    clock.tick(2 * MINUTE);
    for (let call = 0; call < 7; call += 1) taken(tracker.reserve());
    assert.equal(alerts.length, 2, 'of reservations as well');
  });

  it('come for each limit and threshold', () => {
    const { alerts, tracker } = record({ rpm: 100, rpd: 4, alertAt: [0.5, 1] });
    for (let call = 0; call < 4; call += 1) tracker.recordRequest();
    assert.deepEqual(
      alerts.map(({ dimension, threshold }) => [dimension, threshold]),
      [
        ['requests_per_day', 0.5],
        ['requests_per_day', 1],
      ],
    );
  });

  it('a jump past several is told as the highest', () => {
    const { alerts, tracker } = record({ tpm: 1_000, alertAt: [0.5, 0.7, 0.9] });
    tracker.recordRequest({ tokens: 950 });
    assert.deepEqual(
      alerts.map(({ threshold }) => threshold),
      [0.9],
    );
  });

  it('of what is settled above the reservation come too', () => {
    const { alerts, tracker } = record({ tpm: 1_000 });
    taken(tracker.reserve({ tokens: 100 })).settle({ tokens: 900 });
    tracker.recordRequest({ tokens: 0 });
    assert.equal(alerts.length, 1);
  });

  it('the listener may use the tracker', () => {
    const seen: unknown[] = [];
    const tracker: QuotaTracker = new QuotaTracker({
      rpm: 2,
      alertAt: 0.5,
      onAlert: () => {
        seen.push(tracker.usage()[0]?.used);
        tracker.recordRequest();
      },
    });
    tracker.recordRequest();
    assert.deepEqual([seen, used(tracker)], [[1], 2]);
  });

  it('a listener that throws does not disturb the count', () => {
    const tracker = new QuotaTracker({
      rpm: 2,
      alertAt: 0.5,
      onAlert: () => {
        throw new Error('the listener fails');
      },
    });
    taken(tracker.reserve());
    tracker.recordRequest();
    assert.equal(used(tracker), 2);
  });
});

describe('what is wrong', () => {
  const wrong: [unknown, RegExp][] = [
    [{ rpm: 0 }, /`rpm` must be a number from 1; Infinity for no limit/],
    [{ rpm: '5' }, /`rpm` must be a number from 1/],
    [{ tpm: -1 }, /`tpm` must be a number from 1/],
    [{ rpd: NaN }, /`rpd` must be a number from 1/],
    [
      { rph: 5 },
      /unknown option `rph`; the known options are rpm, tpm, ipm, rpd, tpd, alertAt, onAl/,
    ],
    [{ spendPer10Min: 5 }, /unknown option `spendPer10Min`/],
    [{ rpm: 5, alertAt: 70 }, /`alertAt` must be a number above 0 and up to 1/],
    [{ rpm: 5, onAlert: 'log' }, /`onAlert` must be a function/],
    [5, /options must be an object/],
    [null, /options must be an object/],
  ];
  for (const [options, message] of wrong) {
    it(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => new QuotaTracker(options as never), { name: 'TypeError', message });
    });
  }

  for (const use of [{ token: 5 }, { tokens: -1 }, { tokens: '5' }, { images: NaN }, 5]) {
    it(`a use of ${JSON.stringify(use)} is refused and counts nothing`, () => {
      const tracker = new QuotaTracker({ rpm: 5 });
      assert.throws(() => tracker.recordRequest(use as never), { name: 'TypeError' });
      assert.throws(() => tracker.reserve(use as never), { name: 'TypeError' });
      assert.equal(used(tracker), 0);
    });
  }

  it('settling by something wrong can be done again rightly', () => {
    const tracker = new QuotaTracker({ tpm: 1_000 });
    const reservation = taken(tracker.reserve({ tokens: 500 }));
    assert.throws(() => reservation.settle({ tokens: -5 }), { name: 'TypeError' });
    reservation.settle({ tokens: 100 });
    assert.equal(used(tracker, 'tokens_per_minute'), 100);
  });

  it('a use that changes after it was reserved settles what was reserved', () => {
    const tracker = new QuotaTracker({ tpm: 1_000 });
    const use = { tokens: 500 };
    const reservation = taken(tracker.reserve(use));
    use.tokens = 900;
    reservation.settle({ tokens: 100 });
    assert.equal(used(tracker, 'tokens_per_minute'), 100);
  });
});
