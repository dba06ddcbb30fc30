/**
 * Lets Node 20 run TypeScript tests where they are, as newer ones do by themselves: types become
 * spaces, so that lines and columns stay right. `node --import ./scripts/strip-types.mjs …`
 */
import { register } from 'node:module';

register('./strip-types-hook.mjs', import.meta.url);
