/** The store of one process. */
import { memoryStore } from '../../../pkg/stores/memory.js';
import { storeSuite } from '../support/store-suite.ts';

storeSuite('memory', () => {
  const store = memoryStore();
  return { another: () => store };
});
