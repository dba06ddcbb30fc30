/**
 * The service over gRPC, as Google has it: the status in the trailers, its details as bytes in
 * `grpc-status-details-bin`. It asks the loopback service for each call, and puts into bytes what that
 * answers in JSON.
 */
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/**
 * Of google/rpc, what the details need; a request and its answer are of no interest here. The types of
 * protobufjs know no map fields.
 */
export const PROTO = {
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Any: {
              fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } },
            },
            Duration: {
              fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } },
            },
          },
        },
        rpc: {
          nested: {
            Status: {
              fields: {
                code: { type: 'int32', id: 1 },
                message: { type: 'string', id: 2 },
                details: { rule: 'repeated', type: 'google.protobuf.Any', id: 3 },
              },
            },
            ErrorInfo: {
              fields: {
                reason: { type: 'string', id: 1 },
                domain: { type: 'string', id: 2 },
                metadata: { keyType: 'string', type: 'string', id: 3 },
              },
            },
            RetryInfo: { fields: { retryDelay: { type: 'google.protobuf.Duration', id: 1 } } },
            QuotaFailure: {
              fields: { violations: { rule: 'repeated', type: 'Violation', id: 1 } },
              nested: {
                Violation: {
                  fields: {
                    subject: { type: 'string', id: 1 },
                    description: { type: 'string', id: 2 },
                    apiService: { type: 'string', id: 3 },
                    quotaMetric: { type: 'string', id: 4 },
                    quotaId: { type: 'string', id: 5 },
                    quotaDimensions: { keyType: 'string', type: 'string', id: 6 },
                    quotaValue: { type: 'int64', id: 7 },
                  },
                },
              },
            },
            Help: {
              fields: { links: { rule: 'repeated', type: 'Link', id: 1 } },
              nested: {
                Link: {
                  fields: {
                    description: { type: 'string', id: 1 },
                    url: { type: 'string', id: 2 },
                  },
                },
              },
            },
            LocalizedMessage: {
              fields: { locale: { type: 'string', id: 1 }, message: { type: 'string', id: 2 } },
            },
          },
        },
        ai: {
          nested: {
            GenerateContentRequest: { fields: { model: { type: 'string', id: 1 } } },
            GenerateContentResponse: { fields: { text: { type: 'string', id: 1 } } },
            GenerativeService: {
              methods: {
                GenerateContent: {
                  requestType: 'GenerateContentRequest',
                  responseType: 'GenerateContentResponse',
                },
                StreamGenerateContent: {
                  requestType: 'GenerateContentRequest',
                  responseType: 'GenerateContentResponse',
                  responseStream: true,
                },
              },
            },
          },
        },
      },
    },
  },
} as unknown as protobuf.INamespace;

const root = protobuf.Root.fromJSON(PROTO);

interface GoogleError {
  code: number;
  message: string;
  status: keyof typeof grpc.status;
  details?: Record<string, unknown>[];
}

/** The status that gRPC sends in its trailers. */
function statusOf(error: GoogleError): Partial<grpc.StatusObject> {
  const code = grpc.status[error.status];
  const details = (error.details ?? []).map(({ '@type': url, ...fields }) => {
    const type = root.lookupType(String(url).replace('type.googleapis.com/', ''));
    const message = type.fromObject(durations(fields));
    return { type_url: url, value: type.encode(message).finish() };
  });
  const metadata = new grpc.Metadata();
  const status = root.lookupType('google.rpc.Status');
  const bytes = status
    .encode(status.fromObject({ code, message: error.message, details }))
    .finish();
  if (details.length > 0) metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code, details: error.message, metadata };
}

function durations(fields: Record<string, unknown>): Record<string, unknown> {
  const { retryDelay } = fields;
  if (typeof retryDelay !== 'string') return fields;
  return { ...fields, retryDelay: { seconds: Number.parseInt(retryDelay, 10) } };
}

interface Call {
  metadata: grpc.Metadata;
  write?(message: object): void;
  emit?(event: 'error', error: object): void;
}

async function answer(call: Call): Promise<Partial<grpc.StatusObject>> {
  const url = String(call.metadata.get('x-fault')[0]);
  const response = await fetch(url, { method: 'POST', body: '{}' });
  const body = await response.text();
  const text = body.startsWith('data:') ? body.slice(body.lastIndexOf('data: ') + 6) : body;
  return statusOf(JSON.parse(text).error);
}

/** Starts a server; the address of it. */
export async function startGrpc(): Promise<string> {
  const server = new grpc.Server();
  const path = '/google.ai.GenerativeService/';
  const method = (name: string, responseStream: boolean) => {
    const request = root.lookupType('google.ai.GenerateContentRequest');
    const reply = root.lookupType('google.ai.GenerateContentResponse');
    return {
      path: path + name,
      requestStream: false,
      responseStream,
      requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => request.decode(bytes),
      responseSerialize: (value: object) => Buffer.from(reply.encode(value).finish()),
      responseDeserialize: (bytes: Buffer) => reply.decode(bytes),
    };
  };
  server.addService(
    {
      GenerateContent: method('GenerateContent', false),
      StreamGenerateContent: method('StreamGenerateContent', true),
    } as never,
    {
      GenerateContent: (call: Call, done: (error: object) => void) =>
        void answer(call).then(done, done),
      StreamGenerateContent: (call: Call) => {
        call.write?.({ text: 'A boat, ' });
        const end = (error: object): void => void call.emit?.('error', error);
        void answer(call).then(end, end);
      },
    } as never,
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return `127.0.0.1:${port}`;
}
