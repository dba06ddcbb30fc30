/** The types of the catalogue and the guide. */
import {
  type CatalogRow,
  type ClientEvents,
  type ClientOptions,
  createClient,
  type Diagnosis,
  type ModelInfo,
  models,
  type Pattern,
  type Plan,
  type PlanOptions,
  plan,
} from '../../pkg/index.js';

export async function guide(): Promise<void> {
  const found: Plan = await plan({ images: 500, tier: 'tier1', quality: 'good', edits: true });
  const usd: number | undefined = found.costs[0]?.batch?.perMonth;
  const ms: number | undefined = found.times[0]?.time;
  const client = createClient({ catalog: [{ id: 'gemini-4-image', sizes: { '1K': 0.05 } }] });
  const diagnosis: Diagnosis = await client.diagnose();
  const pattern: Pattern = diagnosis.pattern;
  const hour: Date | undefined = diagnosis.seen.outcomes[0]?.at;
  await plan({ images: 1, errors: diagnosis });
  await plan({ images: 1, errors: diagnosis.seen });
  await plan({
    images: 1,
    errors: [new Error('429'), '503', { at: hour, error: { status: 503 } }],
  });
  const rows: ModelInfo[] = [...(await models()), ...(await client.models())];
  const successor: string | undefined = rows[0]?.successor;
  // @ts-expect-error The number of pictures is what a plan is about.
  await plan({ tier: 'tier1' });
  // @ts-expect-error No such tier.
  await plan({ images: 1, tier: 'tier4' });
  for (const value of [usd, ms, pattern, successor]) void value;
}

export const retired = ({ status, successor }: ClientEvents['modelRetired']): string =>
  `${status satisfies 'deprecated' | 'retired'} ${successor ?? ''}`;

// @ts-expect-error A size is spelt with a capital K.
export const row: CatalogRow = { id: 'a', sizes: { '1k': 0.1 } };
// @ts-expect-error A route needs a price.
export const route: PlanOptions = { images: 1, targets: [{ name: 'a proxy' }] };
// @ts-expect-error A row has an id.
export const options: ClientOptions = { catalog: [{ name: 'a' }] };
