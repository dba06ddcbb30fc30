/** A look at requests as the library checks them, before any of a batch is sent. */
import { type ClientOptions, createClient, type GenerateRequest, models } from '../index.js';
import { messageOf, Problem } from './problem.js';
import type { Entry } from './prompts.js';

/** The library refuses what costs more before it sends it, and after it has checked it. */
const NOTHING = 1e-9;

/** Looks at one request after the other. */
export interface Check {
  /** @throws {Problem} that names the line of a request that the library refuses. */
  see(entry: Entry): Promise<void>;
  close(): void;
}

/** Opens a check against the models of a chain. */
export async function openCheck(chain: Pick<ClientOptions, 'models'>): Promise<Check> {
  const known = new Set((await models()).flatMap(({ id, olderNames = [] }) => [id, ...olderNames]));
  const client = createClient({ apiKey: 'none', ...chain, fetch: sendsNothing });
  // What is alike but for its words is checked once.
  const seen = new Set<string>();
  const isKnown = (model: unknown) => model === undefined || known.has(String(model));
  const isSeen = ({ prompt, request }: Entry) => {
    if (prompt === undefined) return false;
    const shape = JSON.stringify(request, (name, value) =>
      name === 'key' || name === 'contents' ? undefined : value,
    );
    if (seen.has(shape)) return true;
    seen.add(shape);
    return false;
  };
  return {
    async see(entry) {
      // Only the service knows the price and the abilities of a model that the catalogue has not.
      if (![entry.model, ...(chain.models ?? [])].every(isKnown) || isSeen(entry)) return;
      const { request } = entry;
      const asked = typeof request === 'object' && 'request' in request ? request.request : request;
      try {
        await client.generate(asked as GenerateRequest, { maxCost: NOTHING });
      } catch (error) {
        if (!(error instanceof TypeError)) return;
        throw new Problem(`${entry.where}: ${messageOf(error).replace(/^unexhausted: /, '')}`);
      }
    },
    close: () => client.close(),
  };
}

async function sendsNothing(): Promise<never> {
  throw new Error('nothing is sent by a check');
}
