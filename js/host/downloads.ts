/** Downloads of pictures that an answer links to. */
import { base64Within } from '../http/body.js';
import { type Dispatcher, guardedDispatcher } from '../http/dispatcher.js';
import { follow, isNear } from '../http/redirects.js';

export type DownloadInit = RequestInit & { dispatcher?: Dispatcher | undefined };

/**
 * The bytes at an address as base64, which is empty where there are more than `most`.
 *
 * @param home - The origin of the service that names the address.
 */
export async function download(
  own: typeof fetch | undefined,
  url: string,
  init: DownloadInit,
  home: string,
  most: number,
): Promise<{ status: number; data: string }> {
  const response = await follow(url, home, (at) => {
    const isOpen = init.dispatcher === undefined || isNear(at, home);
    return (own ?? fetch)(at, isOpen ? init : { ...init, dispatcher: guardedDispatcher() });
  });
  const { status } = response;
  const data = status === 200 ? await base64Within(response, most) : '';
  if (status !== 200) await response.body?.cancel();
  return { status, data };
}
