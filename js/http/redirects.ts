/** Addresses that somebody else's answer names: asked one after the other, as redirects lead. */
import { use } from '../module/load.js';

/** The address that a `Location` leads to. */
function nextOf({ headers }: Response, url: string): string | undefined {
  const location = headers?.get('location') ?? null;
  return location !== null && URL.canParse(location, url) ? new URL(location, url).href : undefined;
}

/** The origin that an answer leads to; the rest of the address may hold secrets. */
export function originOfNext(response: Response, url: string): string | undefined {
  const next = nextOf(response, url);
  return next === undefined ? undefined : new URL(next).origin;
}

/**
 * Asks an address that the service at `home`, an origin, leads to, and follows it by hand: `send` sees
 * each address before it is asked.
 *
 * @throws {Error} with the code `EPRIVATE`, where one of them is not to be asked.
 */
export async function follow(
  url: string,
  home: string,
  send: (url: string) => Promise<Response>,
): Promise<Response> {
  const { core } = use();
  check(core.mayFollow(0, home, '', originOf(url), 0), url);
  for (let hops = 1, at = url; ; hops += 1) {
    const response = await send(at);
    const next = nextOf(response, at);
    const { status } = response;
    if (next === undefined || !core.mayFollow(status, home, '', home, 0)) return response;
    await response.body?.cancel();
    check(core.mayFollow(status, home, originOf(at), originOf(next), hops), next);
    at = next;
  }
}

/** Whether an address that the service names may be asked. @throws as `follow`. */
export function checkAddress(url: string, home: string): void {
  check(use().core.mayFollow(0, home, home, originOf(url), 0), url);
}

/** Whether somebody else may lead to what a name was resolved to. */
export function isPrivate(address: string): boolean {
  const host = address.includes(':') ? `[${address}]` : address;
  return !use().core.mayFollow(0, '', '', `http://${host}`, 0);
}

/** Whether the service at `home` may lead to places that are as private as its own. */
export function isNear(url: string, home: string): boolean {
  const isOwn = new URL(url).hostname === new URL(home).hostname;
  return isOwn || use().core.mayFollow(0, home, '', 'http://localhost', 0);
}

export function refusal(what: string): Error {
  return Object.assign(new Error(`${what} is not asked`), { code: 'EPRIVATE' });
}

function check(may: boolean, url: string): void {
  if (!may) throw refusal(originOf(url));
}

function originOf(url: string): string {
  return new URL(url).origin;
}
