/**
 * How the service refuses for load, with no limit behind it, and how long its pictures take. They are
 * those of `tests/simulation/bare.rs`.
 */
const SECOND = 1_000;

const chance = (probability) => [{ fault: '429-bare', probability }];

/** Seconds from the first request on in which everything is refused. */
const bursts = (...spans) =>
  spans.map(([from, to]) => ({ fault: '429-bare', from: from * SECOND, to: to * SECOND }));

const FAULTS = [
  ['2 %', chance(0.02)],
  ['5 %', chance(0.05)],
  ['10 %', chance(0.1)],
  ['bursts of 3 s', bursts([0, 3], [20, 23], [50, 53])],
  ['bursts of 8 s', bursts([0, 8], [30, 38], [70, 78])],
];

const MEDIANS = [300, 4_000, 12_000];

export const TROUBLES = MEDIANS.flatMap((median) =>
  FAULTS.map(([name, faults]) => ({
    name: `${name}, pictures of ${median / SECOND} s`,
    service: { faults, latency: { median, sigma: 0.3 } },
  })),
);
