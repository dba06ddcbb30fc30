/**
 * The check that every host must pass, as text that runs in each: a picture through a service that
 * is overloaded once, and the verdict on an error. It throws at the first thing that is not right.
 */
export async function check(unexhausted, baseUrl) {
  const { classifyError, configure, errorInfo, generateWithRetry, getRetryDelay } = unexhausted;
  const { createClient, plan, ready, retry } = unexhausted;
  configure({ apiKey: 'a-key-for-tests', baseUrl });

  let retries = 0;
  const onRetry = () => {
    retries += 1;
  };
  const response = await generateWithRetry('a paper boat', {
    maxRetries: 3,
    baseDelay: 10,
    onRetry,
  });
  const parts = response.candidates?.[0]?.content?.parts ?? [];
  const picture = parts.find((part) => part.inlineData !== undefined)?.inlineData?.data ?? '';
  // The eight bytes that a PNG starts with, as base64 writes them.
  equal(picture.startsWith('iVBORw0KGgo'), true, 'the answer carries a PNG');
  equal(response.data, picture, 'response.data is the picture');
  equal(retries, 1, 'one retry, after the 503');

  await ready();
  const info = classifyError({ status: 503, body: 'The model is overloaded.' });
  equal(info.kind, 'overloaded', 'the kind of a 503');
  equal(info.retry, 'soon', 'whether to retry a 503');
  equal(getRetryDelay({ status: 400, body: 'bad' }, 1), null, 'no retry of a 400');

  const thrown = Object.assign(new Error('{"error":{"code":401,"status":"UNAUTHENTICATED"}}'), {
    status: 401,
  });
  const caught = await retry(() => Promise.reject(thrown)).catch((error) => error);
  equal(caught, thrown, 'retry() throws the very error of the function');
  equal(errorInfo(caught)?.kind, 'unauthenticated', 'what is known of it');

  const { strategy } = await plan({ images: 500, tier: 'tier1' });
  equal(strategy, 'retry_fallback_alerts', 'what the guide says, which loads on use');

  const client = createClient({ apiKey: 'a-key-for-tests', baseUrl });
  const given = [];
  for await (const item of client.batch(['a fox', 'an owl'], { order: 'input' })) {
    given.push(`${item.status} ${(await item.images()).length}`);
  }
  equal(given.join(), 'done 1,done 1', 'a batch, whose module loads on use');
  client.close();
  return 'all is well';
}

/** The check of hosts with files: a batch that goes on where it was. */
export async function checkFiles({ createClient }, baseUrl, journal) {
  const client = createClient({ apiKey: 'a-key-for-tests', baseUrl });
  for (const restored of [false, true]) {
    const run = client.batch(['a fox', 'an owl'], { journal });
    for await (const item of run) {
      equal(item.restored, restored, 'whether an earlier run made it');
      equal((await item.images())[0]?.data.startsWith('iVBORw0KGgo'), true, 'a PNG on disk');
    }
    equal((await run.done).done, 2, 'pictures of a batch with a journal');
  }
  client.close();
}

function equal(actual, expected, what) {
  if (!Object.is(actual, expected)) {
    throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
  }
}
