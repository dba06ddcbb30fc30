/** File names made from prompts. */

/** The most characters of a name, and bytes: file systems take 255, and more comes behind it. */
const LONGEST = 60;
const MOST_BYTES = 180;

/** Names that Windows keeps for devices, whatever follows a dot. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

/** The endings of pictures by their type. */
const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
  'image/heic': 'heic',
  'image/heif': 'heif',
};

/** A safe name: letters and digits of any script, the rest as single hyphens. */
export function nameFrom(text: string, fallback = 'picture'): string {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '-');
  let name = '';
  for (const character of words.slice(0, 4 * LONGEST)) {
    if ([...name].length >= LONGEST || Buffer.byteLength(name + character) > MOST_BYTES) break;
    name += character;
  }
  name = name.replace(/^-+|-+$/g, '');
  if (name === '') return fallback;
  return DEVICES.test(name) ? `${name}-${fallback}` : name;
}

/** The ending for a picture's type, without the dot. */
export function endingOf(mimeType: string): string {
  return ENDINGS[mimeType] ?? 'bin';
}
