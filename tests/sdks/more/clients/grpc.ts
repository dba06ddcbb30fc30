import grpc from '@grpc/grpc-js';
import { CallSettings, type ClientStub, createApiCall, GrpcClient } from 'google-gax';
import { MODEL } from '../../faults.ts';
import { readAll, type Sdk, type Target } from '../../sdk.ts';
import { PROTO, startGrpc } from '../grpc-service.ts';

let address: Promise<string> | undefined;
const auth = { getUniverseDomain: async () => 'googleapis.com' };
const client = new GrpcClient({ grpc, auth } as never);

async function stub(): Promise<ClientStub> {
  address ??= startGrpc();
  const [servicePath, port] = (await address).split(':');
  const { google } = client.loadProtoJSON(PROTO) as never as {
    google: { ai: { GenerativeService: never } };
  };
  const sslCreds = grpc.credentials.createInsecure();
  const options = { servicePath, port, sslCreds } as never;
  return client.createStub(google.ai.GenerativeService, options, true);
}

let shared: Promise<ClientStub> | undefined;
const request = { model: MODEL };

function metadata(to: Target): grpc.Metadata {
  const data = new grpc.Metadata();
  data.set('x-fault', to.url);
  return data;
}

export const gax: Sdk = {
  name: 'google-gax over gRPC',
  package: 'google-gax',
  dialect: 'google',
  retries: 'by the `retry` of the call, none by itself',
  without: ['cut body', 'cut length'],
  async call(to) {
    shared ??= stub();
    const fn = shared.then(
      (own) => (argument: object, _: unknown, options: unknown, done: unknown) =>
        own['generateContent']?.(argument, metadata(to), options, done),
    );
    const call = createApiCall(fn as never, new CallSettings({}) as never);
    return call(request, {}) as Promise<unknown>;
  },
};

export const grpcJs: Sdk = {
  name: '@grpc/grpc-js',
  package: '@grpc/grpc-js',
  dialect: 'google',
  retries: '`grpc.enable_retries` and the service config, which Google sends none of',
  without: ['cut body', 'cut length'],
  async call(to) {
    shared ??= stub();
    const own = await shared;
    return new Promise((resolve, reject) => {
      const done = (error: unknown, value: unknown): void =>
        error ? reject(error) : resolve(value);
      own['generateContent']?.(request, metadata(to), done);
    });
  },
  async stream(to) {
    shared ??= stub();
    const own = await shared;
    return readAll(own['streamGenerateContent']?.(request, metadata(to)));
  },
};
