#!/bin/sh
# @google/genai 3.1.0: `generateContentStream` throws for an error in the stream only where that has a
# number (`code`). An error without one is given as a chunk that says nothing, and a stream that ends
# without a `finishReason` as a whole one: who reads it has half an answer and no error.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @google/genai@3.1.0 >/dev/null
cat > run.mjs <<'EOF'
import { GoogleGenAI } from '@google/genai';

const part = { candidates: [{ content: { role: 'model', parts: [{ text: 'half' }] } }] };
const ai = new GoogleGenAI({ apiKey: 'a-key-of-nobody' });
const seen = [];
for (const [name, ...events] of [
  ['with a number', part, { error: { code: 503, status: 'UNAVAILABLE', message: 'told' } }],
  ['without', part, { error: { status: 'UNAVAILABLE', message: 'told' } }],
  ['cut off', part],
]) {
  const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  globalThis.fetch = async () =>
    new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  let said = '';
  const ended = await (async () => {
    const stream = await ai.models.generateContentStream({ model: 'gemini-3-pro', contents: 'hi' });
    for await (const { text } of stream) said += text ?? '';
    return 'ended';
  })().catch(({ status }) => `threw ${status}`);
  seen.push(`${name}: ${said}, ${ended}`);
}
console.log(seen.join('\n'));
const asSeen = ['with a number: half, threw 503', 'without: half, ended', 'cut off: half, ended'];
process.exit(seen.join() === asSeen.join() ? 0 : 1);
EOF
node run.mjs
# Seen with Node 20:
#   with a number: half, threw 503
#   without: half, ended
#   cut off: half, ended
