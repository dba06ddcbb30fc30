import * as unexhausted from 'unexhausted';
import { check } from './check.mjs';

const baseUrl = new URLSearchParams(location.search).get('service');
const result = document.getElementById('result');
check(unexhausted, baseUrl).then(
  (text) => {
    result.textContent = text;
  },
  (error) => {
    result.textContent = String(error.stack ?? error);
  },
);
