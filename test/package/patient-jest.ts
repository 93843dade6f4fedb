import { patienceMs } from '../support/patience.js';

/** The option by which jest allows a test as much time as the project's own tests have: it gives up after 5 s by default. */
export const patientJest = `--testTimeout=${patienceMs}`;
