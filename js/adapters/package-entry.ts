/**
 * The package by its own name, so that an adapter shares the default client and the WebAssembly with
 * whatever the application imports, under the conditions of its runtime (workerd, edge-light).
 */
export { classifyError, retry } from 'unexhausted';
