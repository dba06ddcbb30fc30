#!/bin/sh
# @google/genai 3.1.0: `generateContent` refuses `contents: []` before any request ("contents are
# required"), but sends a body without contents where `contents` is undefined or null, as when a
# variable was never set: what is wrong is then known from the service alone, after a round trip. A
# retry loop around it sees a 400 where its own line is at fault.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @google/genai@3.1.0 >/dev/null
cat > run.mjs <<'EOF'
import { GoogleGenAI } from '@google/genai';

const sent = [];
globalThis.fetch = async (_, init) => {
  sent.push(init.body);
  return new Response('{}', { headers: { 'content-type': 'application/json' } });
};
const ai = new GoogleGenAI({ apiKey: 'a-key-of-nobody' });
const seen = [];
for (const contents of [undefined, null, []]) {
  sent.length = 0;
  const said = await ai.models
    .generateContent({ model: 'gemini-3-pro-image', contents })
    .then(() => `sent ${sent[0]}`, ({ message }) => `refused: ${message}`);
  seen.push(`${JSON.stringify(contents)}: ${said}`);
}
console.log(seen.join('\n'));
const asSeen = ['undefined: sent {}', 'null: sent {}', '[]: refused: contents are required'];
process.exit(seen.join() === asSeen.join() ? 0 : 1);
EOF
node run.mjs
# Seen with Node 20:
#   undefined: sent {}
#   null: sent {}
#   []: refused: contents are required
