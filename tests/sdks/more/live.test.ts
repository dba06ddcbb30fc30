/** The clients that are live by `npm run sdks` alone. */
import { judgeAll } from '../suite.ts';
import { CLIENTS } from './clients/all.ts';

judgeAll(CLIENTS);
