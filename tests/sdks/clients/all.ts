/** The clients that are live in each run. */
import type { Sdk } from '../sdk.ts';
import { ai } from './ai.ts';
import { genai, genaiRetrying, interactions } from './genai.ts';
import { axiosSdk, gaxiosSdk, gotSdk, kySdk } from './http.ts';
import { langchainGenai, langchainGoogle } from './langchain.ts';
import { openai } from './openai.ts';

export const CLIENTS: Sdk[] = [
  genai,
  genaiRetrying,
  interactions,
  ai,
  openai,
  langchainGenai,
  langchainGoogle,
  axiosSdk,
  gotSdk,
  kySdk,
  gaxiosSdk,
];
