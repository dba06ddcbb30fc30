import './entry/inline.js';

export * from './api.js';
