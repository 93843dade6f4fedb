import { afterAll, beforeAll, describe } from 'vitest';
import { Consumer } from './consumer.js';
import { describeGraphql, packagesOfGraphql } from './describe-graphql.js';
import { describeSocketIo } from './describe-socket-io.js';
import type { NestMajor } from './matrix.js';

/** GraphQL, and Socket.IO after it, in one folder outside of the repository. */
export function describeOtherTransports(nest: NestMajor): void {
  describe(`the packed package with Nest ${nest}, without the platform of native WebSockets`, () => {
    let consumer: Consumer;
    beforeAll(async () => {
      consumer = await Consumer.create();
      await consumer.install(packagesOfGraphql(nest));
    });
    afterAll(() => consumer?.[Symbol.asyncDispose]());

    describeGraphql(nest, () => consumer);
    describeSocketIo(nest, () => consumer);
  });
}
