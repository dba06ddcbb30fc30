/**
 * Faults: the service's answer in each case, as Google words it, and the reading that `classifyError`
 * gives of it. The numbers stand nowhere else in an error, so that a search for them proves something.
 */
import type { ErrorInfo } from '../../pkg/index.js';

/** The fields by which readings are compared. */
export const FIELDS = [
  'kind',
  'retry',
  'retryAfter',
  'dimension',
  'quotaId',
  'quotaLimit',
] as const;
export type Field = (typeof FIELDS)[number];
export type Reading = Partial<Record<Field, unknown>>;

/** In whose words the same answer comes. */
export type Dialect = 'google' | 'openai' | 'openrouter';

export interface Fault {
  name: string;
  /** Of the HTTP answer. */
  status: number;
  /** The error as Google words it. */
  error?: GoogleError;
  /** How the length of a body is told that ends before it. */
  cut?: 'chunked' | 'length';
  /** Whether it comes in a stream, after a good chunk. */
  isStream?: true;
  /** Text of the body that tells each field: where none of it is left, nothing can be read. */
  traces: { kind: RegExp; name?: RegExp; quota?: RegExp; limit?: RegExp; delay?: RegExp };
  /** The reading that `classifyError` gives of the answer itself. */
  says: Reading;
}

export interface GoogleError {
  code: number;
  message: string;
  status: string;
  details?: Record<string, unknown>[];
}

export const MODEL = 'gemini-3-pro-image';

const TYPE = 'type.googleapis.com/google.rpc.';
const SERVICE = 'generativelanguage.googleapis.com';
const EXCEEDED =
  'You exceeded your current quota, please check your plan and billing details. For more information ' +
  'on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current ' +
  'usage, head to: https://ai.dev/rate-limit. ';

const help = {
  '@type': `${TYPE}Help`,
  links: [
    {
      description: 'Learn more about Gemini API quotas',
      url: 'https://ai.google.dev/gemini-api/docs/rate-limits',
    },
  ],
};

interface Limit {
  metric: string;
  id: string;
  value?: string;
}

function exceeded(limits: Limit[], value: number, retryIn: string, delay: string): GoogleError {
  const lines = limits.map(
    ({ metric }) =>
      `\n* Quota exceeded for metric: ${SERVICE}/${metric}, limit: ${value}, model: ${MODEL}`,
  );
  return {
    code: 429,
    message: `${EXCEEDED}${lines.join('')}\nPlease retry in ${retryIn}.`,
    status: 'RESOURCE_EXHAUSTED',
    details: [
      help,
      {
        '@type': `${TYPE}QuotaFailure`,
        violations: limits.map(({ metric, id, value }) => ({
          quotaMetric: `${SERVICE}/${metric}`,
          quotaId: id,
          quotaDimensions: { location: 'global', model: MODEL },
          ...(value === undefined ? {} : { quotaValue: value }),
        })),
      },
      { '@type': `${TYPE}RetryInfo`, retryDelay: delay },
    ],
  };
}

const MINUTE = exceeded(
  [
    {
      metric: 'generate_requests_per_model',
      id: 'GenerateRequestsPerMinutePerProjectPerModel',
      value: '173',
    },
  ],
  173,
  '41.507218346s',
  '41s',
);
const MINUTE_SAYS: Reading = {
  kind: 'rate_limited',
  retry: 'soon',
  retryAfter: 41_508,
  dimension: 'requests_per_minute',
  quotaId: 'GenerateRequestsPerMinutePerProjectPerModel',
  quotaLimit: 173,
};
const MINUTE_TRACES = {
  kind: /\b429\b|RESOURCE_EXHAUSTED|exceeded your current quota/,
  name: /generate_requests_per_model/,
  quota: /PerMinute/,
  limit: /\b173\b/,
  delay: /\b41(?:\.507218346)?s\b|\b507218346\b|retry ?delay\W+(?:seconds\W+)?41\b/i,
};

const CUT = /ECONNRESET|terminated|abort|UND_ERR_SOCKET|other side closed|hang up|mismatch/;

export const FAULTS: Fault[] = [
  {
    name: 'minute',
    status: 429,
    error: MINUTE,
    traces: MINUTE_TRACES,
    says: MINUTE_SAYS,
  },
  {
    name: 'day',
    status: 429,
    error: exceeded(
      [
        {
          metric: 'generate_requests_per_model_per_day',
          id: 'GenerateRequestsPerDayPerProjectPerModel',
          value: '1370',
        },
      ],
      1370,
      '18h34m54.480317s',
      '66894s',
    ),
    traces: {
      kind: /PerDay|per_day/,
      name: /per_day/,
      quota: /PerDay/,
      limit: /\b1370\b/,
      delay: /\b66894\b|18h34m/,
    },
    says: {
      kind: 'daily_quota',
      retry: 'later',
      retryAfter: 66_894_481,
      dimension: 'requests_per_day',
      quotaId: 'GenerateRequestsPerDayPerProjectPerModel',
      quotaLimit: 1370,
    },
  },
  {
    name: 'limit 0',
    status: 429,
    error: exceeded(
      [
        {
          metric: 'generate_content_free_tier_requests',
          id: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
        },
        {
          metric: 'generate_content_free_tier_requests',
          id: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
        },
        {
          metric: 'generate_content_free_tier_input_token_count',
          id: 'GenerateContentInputTokensPerModelPerMinute-FreeTier',
        },
      ],
      0,
      '23.114906172s',
      '23s',
    ),
    traces: {
      kind: /limit: 0, |free_tier|FreeTier/,
      name: /free_tier/,
      quota: /FreeTier/,
      limit: /limit: 0, |FreeTier/,
      delay: /\b23(?:\.114906172)?s\b|\b114906172\b|retry ?delay\W+(?:seconds\W+)?23\b/i,
    },
    says: {
      kind: 'not_in_tier',
      retry: 'never',
      dimension: 'requests_per_day',
      quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
      quotaLimit: 0,
    },
  },
  {
    name: 'bare 429',
    status: 429,
    error: {
      code: 429,
      message: 'Resource has been exhausted (e.g. check quota).',
      status: 'RESOURCE_EXHAUSTED',
    },
    traces: { kind: /\b429\b|RESOURCE_EXHAUSTED|has been exhausted/ },
    says: { kind: 'rate_limited', retry: 'soon' },
  },
  {
    name: '503',
    status: 503,
    error: {
      code: 503,
      message: 'The model is overloaded. Please try again later.',
      status: 'UNAVAILABLE',
    },
    traces: { kind: /\b503\b|UNAVAILABLE|overloaded/ },
    says: { kind: 'overloaded', retry: 'soon' },
  },
  {
    name: 'key 400',
    status: 400,
    error: {
      code: 400,
      message: 'API key not valid. Please pass a valid API key.',
      status: 'INVALID_ARGUMENT',
      details: [
        {
          '@type': `${TYPE}ErrorInfo`,
          reason: 'API_KEY_INVALID',
          domain: 'googleapis.com',
          metadata: { service: SERVICE },
        },
        {
          '@type': `${TYPE}LocalizedMessage`,
          locale: 'en-US',
          message: 'API key not valid. Please pass a valid API key.',
        },
      ],
    },
    traces: { kind: /API_KEY_INVALID|API key not valid/ },
    says: { kind: 'unauthenticated', retry: 'never' },
  },
  {
    name: '403',
    status: 403,
    error: {
      code: 403,
      message: 'Your API key was reported as leaked. Please use another API key.',
      status: 'PERMISSION_DENIED',
    },
    traces: { kind: /reported as leaked/ },
    says: { kind: 'unauthenticated', retry: 'never' },
  },
  {
    name: '404',
    status: 404,
    error: {
      code: 404,
      message:
        `models/${MODEL} is not found for API version v1beta, or is not supported for generateContent. ` +
        'Call ListModels to see the list of available models and their supported methods.',
      status: 'NOT_FOUND',
    },
    traces: { kind: /\b404\b|NOT_FOUND|is not found for API version/ },
    says: { kind: 'model_not_found', retry: 'never' },
  },
  {
    name: '504',
    status: 504,
    error: {
      code: 504,
      message: 'Deadline expired before operation could complete.',
      status: 'DEADLINE_EXCEEDED',
    },
    traces: { kind: /\b504\b|DEADLINE_EXCEEDED|Deadline expired/ },
    says: { kind: 'timeout', retry: 'soon' },
  },
  {
    name: 'cut body',
    status: 200,
    cut: 'chunked',
    traces: { kind: CUT },
    says: { kind: 'network', retry: 'soon' },
  },
  {
    name: 'cut length',
    status: 200,
    cut: 'length',
    traces: { kind: CUT },
    says: { kind: 'network', retry: 'soon' },
  },
  {
    name: 'mid-stream',
    status: 200,
    error: MINUTE,
    isStream: true,
    traces: MINUTE_TRACES,
    says: MINUTE_SAYS,
  },
];

/** The error in the words of who speaks. */
export function bodyOf(error: GoogleError, dialect: Dialect): string {
  const body = JSON.stringify({ error }, null, 2);
  // Google's OpenAI-compatible endpoint puts the same object into an array.
  if (dialect === 'openai') return JSON.stringify([{ error }], null, 2);
  if (dialect === 'google') return body;
  const { code } = error;
  const metadata = { raw: body, provider_name: 'Google AI Studio' };
  return JSON.stringify({ error: { message: 'Provider returned error', code, metadata } });
}

/** The fields by which readings are compared; absent ones are left out. */
export function readingOf(info: ErrorInfo): Reading {
  const pairs = FIELDS.map((field) => [field, info[field]]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}
