/**
 * The packages that take part, loaded by path, as none is installed for this folder. Another build of the
 * package is measured with `UNEXHAUSTED_PKG` set to its folder.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const TESTS = '../../tests/node_modules';
const { UNEXHAUSTED_PKG } = process.env;
const PKG =
  UNEXHAUSTED_PKG === undefined
    ? new URL('../../pkg/', import.meta.url)
    : pathToFileURL(`${resolve(UNEXHAUSTED_PKG)}/`);

export const unexhausted = () => import(new URL('index.js', PKG));
export const emulator = () => import(new URL('emulator/index.js', PKG));
export const bottleneck = async () => (await import(`${TESTS}/bottleneck/lib/index.js`)).default;
export const fakeTimers = async () =>
  (await import(`${TESTS}/@sinonjs/fake-timers/src/fake-timers-src.js`)).default;
export const pLimit = async () => (await import(`${TESTS}/p-limit/index.js`)).default;
export const pQueue = async () => (await import(`${TESTS}/p-queue/dist/index.js`)).default;
export const pRetry = () => import(`${TESTS}/p-retry/index.js`);
