import * as unexhausted from 'unexhausted';
import { check } from './check.mjs';
import { checkLeads } from './leads.mjs';

export default {
  async fetch(request) {
    try {
      const { searchParams } = new URL(request.url);
      const leads = searchParams.get('leads');
      if (leads !== null) return Response.json(await checkLeads(unexhausted, leads));
      const service = searchParams.get('service');
      return new Response(await check(unexhausted, service));
    } catch (error) {
      return new Response(String(error.stack ?? error), { status: 500 });
    }
  },
};
