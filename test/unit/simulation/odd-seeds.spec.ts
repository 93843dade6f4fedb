import { keepPromises } from './find-violation.js';

keepPromises(1);
