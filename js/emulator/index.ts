/**
 * A fake Gemini image service for tests and demonstrations: its limits, its storms, its error
 * bodies, and real pictures, by a seed.
 *
 * @packageDocumentation
 */
export { type EmulatorServer, type ServerOptions, startEmulator } from './server.js';
export { createEmulator, type Emulator, type EmulatorOptions } from './service.js';
export type * from './types/config.js';
export type * from './types/faults.js';
export type * from './types/ledger.js';
export type * from './types/limits.js';
