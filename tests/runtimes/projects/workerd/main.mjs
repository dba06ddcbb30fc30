import * as unexhausted from 'unexhausted';
import { check } from './check.mjs';

export default {
  async fetch(request) {
    try {
      const service = new URL(request.url).searchParams.get('service');
      return new Response(await check(unexhausted, service));
    } catch (error) {
      return new Response(String(error.stack ?? error), { status: 500 });
    }
  },
};
