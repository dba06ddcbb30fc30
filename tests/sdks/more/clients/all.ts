/** The clients that are live by `npm run sdks` alone. */
import type { Sdk } from '../../sdk.ts';
import { firebase, generativeAi, genkitSdk, vertexai } from './google.ts';
import { gax, grpcJs } from './grpc.ts';
import { aiRetrying, mastra, openaiCompatible, openrouter } from './others.ts';

export const CLIENTS: Sdk[] = [
  aiRetrying,
  openaiCompatible,
  generativeAi,
  firebase,
  genkitSdk,
  vertexai,
  gax,
  grpcJs,
  mastra,
  openrouter,
];
