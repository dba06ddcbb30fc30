/** Hosts that end a function by themselves, whoever still waits in it. */

interface Runtime {
  env: Record<string, string | undefined>;
  /** `navigator.userAgent`. */
  agent: string | undefined;
}

const HOSTS: readonly { name: string; is: (runtime: Runtime) => boolean }[] = [
  // vercel.com/docs/environment-variables/system-environment-variables
  { name: 'Vercel', is: ({ env }) => env['VERCEL'] !== undefined },
  // docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; Netlify's functions run there too
  { name: 'AWS Lambda', is: ({ env }) => env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined },
  // developers.cloudflare.com/workers/runtime-apis/web-standards
  { name: 'Cloudflare Workers', is: ({ agent }) => agent === 'Cloudflare-Workers' },
];

let cached: { host: string | undefined } | undefined;

/** The name of the host, where it is one of these. It is looked for once. */
export function serverless(): string | undefined {
  cached ??= { host: detect() };
  return cached.host;
}

function detect(): string | undefined {
  const { process, navigator, Deno } = globalThis as {
    process?: { env?: Runtime['env'] };
    navigator?: { userAgent?: string };
    Deno?: object;
  };
  // Deno asks its user before it lets the environment be read.
  if (Deno !== undefined) return undefined;
  const runtime = { env: process?.env ?? {}, agent: navigator?.userAgent };
  return HOSTS.find(({ is }) => is(runtime))?.name;
}
