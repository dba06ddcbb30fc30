#!/bin/sh
# bottleneck 2.19.5: a job that is tried again through the `failed` event takes nothing from the
# reservoir, and waits for no `minTime`. With a reservoir of 2 in 10 s and 500 ms between jobs, two jobs
# that fail at once and ask for five more tries run twelve times within a second. So a limiter that is
# set to a quota per minute lets retries through beyond it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bottleneck@2.19.5 >/dev/null
cat > run.mjs <<'EOF'
import Bottleneck from 'bottleneck';

const limiter = new Bottleneck({
  ...{ reservoir: 2, reservoirRefreshAmount: 2, reservoirRefreshInterval: 10_000 },
  ...{ maxConcurrent: 2, minTime: 500 },
});
limiter.on('failed', (_, { retryCount }) => (retryCount < 5 ? 50 : undefined));
const began = Date.now();
let runs = 0;
const job = async () => {
  runs += 1;
  throw new Error('refused');
};
await Promise.allSettled([limiter.schedule(job), limiter.schedule(job)]);
const isAsSeen = runs === 12 && Date.now() - began < 5_000 && (await limiter.currentReservoir()) === 0;
console.log(`${runs} runs of a reservoir of 2, in ${Date.now() - began} ms`);
process.exit(isAsSeen ? 0 : 1);
EOF
node run.mjs
# Seen with Node 20: 12 runs of a reservoir of 2, in 760 ms
