import { describeOtherTransports } from './describe-other-transports.js';

describeOtherTransports(12);
