/**
 * The storms: for how long the service refuses every model, from the first request on. After that it
 * makes pictures, which take as long as the fake service's do by default.
 */
const SECOND = 1_000;

export const STORMS = [
  { fault: '429-bare', seconds: 8, title: 'bare 429 for 8 s' },
  { fault: '429-bare', seconds: 25, title: 'bare 429 for 25 s' },
  { fault: '429-bare', seconds: 60, title: 'bare 429 for 60 s' },
  { fault: '503', seconds: 120, title: '503 for 2 min' },
  { fault: 'reset', seconds: 10, title: 'resets for 10 s' },
].map(({ fault, seconds, title }) => ({
  title,
  service: { faults: [{ fault, to: seconds * SECOND }] },
}));
