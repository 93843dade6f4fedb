import { describeStacks } from './describe-stack.js';

describeStacks(11);
