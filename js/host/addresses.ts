/** Addresses of services, as callers write them. */

/** The address as a URL; in a page it may be relative, as that of a proxy at the page's own host. */
export function urlOf(address: string, inPage: boolean): URL | undefined {
  const base = inPage ? location.href : undefined;
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}

/** The rest of a sentence that says why no service can be at an address. */
export function addressFault(url: URL | undefined): string | undefined {
  if (url === undefined) return 'is no address; it must be like https://proxy.example/gemini';
  if (!/^https?:$/.test(url.protocol)) return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '') {
    return 'must hold no credentials; pass them as `headers`';
  }
  if (url.search !== '' || url.hash !== '') {
    return 'must end before `?` and `#`: the path of the request comes behind it';
  }
  return undefined;
}
