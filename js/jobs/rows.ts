/** A row of results, as callers see it. */

import { use } from '../module/load.js';
import { GenerateContentResponse, imagesOf } from '../response.js';
import type { ErrorInfo } from '../types/errors.js';
import type { JobRow } from '../types/jobs.js';
import type { Line } from './lines.js';
import type { Rules } from './rules.js';

/** Facts that the rows of a job have in common. */
export interface RowContext {
  rules: Rules;
  model: string;
  catalog: unknown;
}

interface Raw {
  key?: unknown;
  metadata?: { key?: unknown };
  response?: unknown;
  error?: unknown;
}

/** A line of a file. */
export function rowOfLine(line: Line, context: RowContext): JobRow {
  const raw = line.whole ? parsed(line.text) : undefined;
  if (raw !== undefined) return rowOf(raw, context);
  const key = context.rules.keyOf(line.text) ?? '';
  const error = line.whole
    ? 'the row of the results is no JSON'
    : { status: 413, body: 'the row of the results is longer than 64 MiB' };
  return { key, images: [], error: classified(error) };
}

/** A row of a file, or one that lies in the job. */
export function rowOf(raw: Raw, { rules, model, catalog }: RowContext): JobRow {
  const found = [raw.key, raw.metadata?.key].find((key) => typeof key === 'string');
  const key = typeof found === 'string' ? found : '';
  if (raw.response === undefined || raw.response === null) {
    return { key, images: [], error: classified({ error: raw.error ?? 'an empty row' }) };
  }
  const response = new GenerateContentResponse(raw.response);
  const images = imagesOf(response);
  const usage = response.usageMetadata;
  const cost = rules.cost({ model, usage, pictures: images.length, catalog });
  const row: JobRow = { key, response, images };
  if (images.length === 0) row.error = classified(raw.response);
  if (cost !== null) row.cost = cost;
  return row;
}

function parsed(text: string): Raw | undefined {
  try {
    const raw: unknown = JSON.parse(text);
    return typeof raw === 'object' && raw !== null ? (raw as Raw) : undefined;
  } catch {
    return undefined;
  }
}

function classified(error: unknown): ErrorInfo {
  return use().core.classifyError(error) as ErrorInfo;
}
