/**
 * Calls to a service that redirects, as text that runs in each host; gives each call's outcome by name.
 * `home` is the address of the service; the caller sees which requests reached the other one.
 */
export async function checkLeads({ createClient }, home) {
  const told = {};
  const openai = (path) => ({ protocol: 'openai-images', baseUrl: `${home}${path}` });
  const targets = {
    gemini: { protocol: 'gemini', baseUrl: `${home}/moved` },
    imagen: { protocol: 'imagen', baseUrl: `${home}/moved` },
    vertex: { protocol: 'vertex', baseUrl: `${home}/moved` },
    images: openai('/moved'),
    chat: { protocol: 'openai-chat', baseUrl: `${home}/moved` },
    link: openai('/link'),
    svg: openai('/svg'),
    large: { protocol: 'gemini', baseUrl: `${home}/large` },
    packed: { protocol: 'gemini', baseUrl: `${home}/packed` },
    fits: { protocol: 'gemini', baseUrl: `${home}/fits` },
  };
  for (const [name, target] of Object.entries(targets)) {
    const model = { model: 'a-model', apiKey: 'a-key-for-tests', ...target };
    const client = createClient({
      ...{ models: [model], retry: { maxAttempts: 1 }, maxBodyBytes: 50_000 },
    });
    told[name] = await client.generate('a fox').then(
      ({ images }) => images[0].mimeType,
      ({ kind, message }) => `${kind}: ${message}`,
    );
    client.close();
  }
  const client = createClient({ apiKey: 'a-key-for-tests', baseUrl: `${home}/jobs` });
  told.get = await client.jobs
    .get('batches/moved')
    .catch(({ kind, message }) => `${kind}: ${message}`);
  const rows = async () => {
    const keys = [];
    for await (const { key } of client.jobs.results('batches/done')) keys.push(key);
    return keys.join();
  };
  told.results = await rows().catch(({ kind, message }) => `${kind}: ${message}`);
  client.close();
  return told;
}
