#!/bin/sh
# @google/genai 3.3.0 (`httpOptions.timeout`) and gaxios 7.1.3 (`timeout`) end a request that took too
# long with the very error of a caller's own abort: the same class, name, code and message. So whoever
# reads the error cannot tell a slow service, which is worth another try, from a user who has left, for
# whom a second picture would be made and paid for. openai 6.9.1, at the same server, throws two classes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @google/genai@3.3.0 gaxios@7.1.3 openai@6.9.1 >/dev/null
cat > run.mjs <<'EOF'
import http from 'node:http';
import { GoogleGenAI } from '@google/genai';
import { request } from 'gaxios';
import OpenAI from 'openai';

const server = http.createServer((req) => req.resume());
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const base = `http://127.0.0.1:${server.address().port}`;
const soon = () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  return controller.signal;
};
const genai = (httpOptions, abortSignal) =>
  new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: base, ...httpOptions } }).models.generateContent({
    model: 'gemini-3-pro-image',
    contents: 'a kite',
    config: { abortSignal },
  });
const openai = (timeout, signal) =>
  new OpenAI({ apiKey: 'none', baseURL: base, maxRetries: 0, ...timeout }).chat.completions.create(
    { model: 'x', messages: [] },
    { signal },
  );
const told = (work) =>
  work.then(
    () => 'success',
    (error) => `${error.constructor.name} ${error.name} ${error.code ?? ''} ${error.message}`,
  );
const pairs = {
  genai: [genai({ timeout: 300 }), genai({}, soon())].map(told),
  gaxios: [
    request({ url: base, timeout: 300, retry: false }),
    request({ url: base, signal: soon(), retry: false }),
  ].map(told),
  openai: [openai({ timeout: 300 }), openai({}, soon())].map(told),
};
const same = {};
for (const [name, works] of Object.entries(pairs)) {
  const [slow, left] = await Promise.all(works);
  same[name] = slow === left;
  console.log(`${name}: too slow: ${slow} | aborted: ${left}`);
}
process.exit(same.genai && same.gaxios && !same.openai ? 0 : 1);
EOF
node run.mjs
# Seen with Node 20: genai and gaxios say the same of both, openai two things.
