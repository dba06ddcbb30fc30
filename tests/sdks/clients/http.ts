/** Clients of plain HTTP: no stream of theirs knows what an error frame is. */
import axios from 'axios';
import { request as gaxiosRequest } from 'gaxios';
import got from 'got';
import ky from 'ky';
import { MODEL } from '../faults.ts';
import { KEY, REQUEST, type Sdk } from '../sdk.ts';

const path = `v1beta/models/${MODEL}:generateContent`;
const headers = { 'x-goog-api-key': KEY };

export const axiosSdk: Sdk = {
  name: 'axios',
  package: 'axios',
  dialect: 'google',
  call: ({ url }) => axios.post(`${url}/${path}`, REQUEST, { headers }),
};

export const gotSdk: Sdk = {
  name: 'got',
  package: 'got',
  dialect: 'google',
  retries: '`retry: { limit, methods }`, 2 by itself, of which POST has none',
  call: ({ url, ownRetries }) =>
    got
      .post(`${url}/${path}`, {
        json: REQUEST,
        headers,
        ...(ownRetries ? {} : { retry: { limit: 0 } }),
      })
      .json(),
};

export const kySdk: Sdk = {
  name: 'ky',
  package: 'ky',
  dialect: 'google',
  retries: '`retry: { limit, methods }`, 2 by itself, of which POST has none',
  call: ({ url, ownRetries }) =>
    ky
      .post(`${url}/${path}`, { json: REQUEST, headers, ...(ownRetries ? {} : { retry: 0 }) })
      .json(),
};

export const gaxiosSdk: Sdk = {
  name: 'gaxios',
  package: 'gaxios',
  dialect: 'google',
  retries: '`retryConfig: { retry, httpMethodsToRetry }`, of which POST has none',
  call: ({ url, ownRetries }) =>
    gaxiosRequest({
      url: `${url}/${path}`,
      method: 'POST',
      data: REQUEST,
      headers,
      ...(ownRetries ? {} : { retry: false }),
    }),
};
