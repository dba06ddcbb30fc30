/** The clients of Python: called by a program in Python, which prints what they throw. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FAULTS } from './faults.ts';
import { nextCaller } from './judge.ts';
import { type Entry, tidy } from './records.ts';
import { LOOKED_AT, type Seen } from './seen.ts';
import type { Service } from './service.ts';

interface PythonSdk {
  name: string;
  retries: string;
  hasStream: boolean;
}

const SDKS: PythonSdk[] = [
  {
    name: 'google-genai (Python)',
    retries: 'none by itself; `http_options={"retry_options": …}`',
    hasStream: true,
  },
  {
    name: 'langchain-google-genai (Python)',
    retries: '`max_retries`, 6 by itself',
    hasStream: true,
  },
  { name: 'litellm gemini/ (Python)', retries: '`num_retries`, none by itself', hasStream: true },
  { name: 'litellm openai/ (Python)', retries: '`max_retries`, 2 by itself', hasStream: true },
  { name: 'pydantic-ai (Python)', retries: 'none by itself; a client of httpx', hasStream: false },
  { name: 'dspy (Python)', retries: '`num_retries`, 3 by itself', hasStream: false },
];

interface Answer {
  fault: string;
  version: string;
  swallowed?: true;
  texts?: Record<string, string>;
  held?: string[];
  seconds: number;
}

/** How long a client is waited for where its own retries are on, in ms. */
const PATIENCE = 60_000;

/** Calls each client of Python with each fault. */
export async function pythonEntries(service: Service, python: string): Promise<Entry[]> {
  return Promise.all(SDKS.map((sdk) => entryOf(service, python, sdk)));
}

async function entryOf(service: Service, python: string, sdk: PythonSdk): Promise<Entry> {
  const { name, retries } = sdk;
  const entry: Entry = { name, version: '', retries, seen: {}, faults: {} };
  const faults = FAULTS.filter(({ isStream }) => !isStream || sdk.hasStream);
  const jobs = faults.map((fault) => jobOf(service, sdk, fault.name, false));
  for (const answer of await ask(python, jobs, 600_000)) {
    entry.version = answer.version;
    const texts = Object.entries(answer.texts ?? {}).map(([form, text]) => [form, tidy(text)]);
    entry.faults[answer.fault] = answer.swallowed
      ? { isSwallowed: true }
      : { held: answer.held ?? [], texts: Object.fromEntries(texts) };
  }
  const looks = LOOKED_AT.map(async (fault): Promise<[string, Seen]> => {
    const job = jobOf(service, sdk, fault, true);
    const [answer] = await ask(python, [job], PATIENCE);
    const requests = service.requests(job.who);
    if (answer !== undefined) return [fault, { requests, seconds: answer.seconds }];
    return [fault, { requests, seconds: PATIENCE / 1_000, isOpen: true }];
  });
  entry.seen = Object.fromEntries(await Promise.all(looks));
  return entry;
}

function jobOf(service: Service, sdk: PythonSdk, name: string, retries: boolean) {
  const fault = FAULTS.find((one) => one.name === name) as (typeof FAULTS)[number];
  const who = nextCaller();
  const traces = Object.entries(fault.traces).map(([key, { source, flags }]) => [
    key,
    flags === 'i' ? `(?i)${source}` : source,
  ]);
  return {
    who,
    traces: Object.fromEntries(traces),
    client: sdk.name,
    fault: name,
    stream: fault.isStream === true,
    retries,
    url: service.url(fault, who, 'google'),
    openai: service.url(fault, who, 'openai'),
  };
}

async function ask(python: string, jobs: object[], patience: number): Promise<Answer[]> {
  const script = new URL('./python/clients.py', import.meta.url).pathname;
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const timer = setTimeout(() => child.kill(), patience);
  child.stdin.on('error', () => {});
  child.stdin.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(''));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line));
  clearTimeout(timer);
  return answers;
}
