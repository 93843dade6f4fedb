import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import { Consumer } from './consumer.js';

const { peerDependencies } = JSON.parse(rootFile('package.json')) as {
  readonly peerDependencies: Record<string, string>;
};

describe('a front end that installs the package', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install([inject('tarball').path]);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  it('does not install Nest, or any other peer', () => {
    expect(Object.keys(peerDependencies).filter((name) => consumer.has(name))).toEqual([]);
  });

  it('imports the client', async () => {
    const said = await consumer.evaluate(
      `const { connect } = await import('nestjs-ws-auth/client'); process.stdout.write(typeof connect)`,
    );
    expect(said).toBe('function');
  });

  it('reports which package a server lacks', async () => {
    await expect(consumer.evaluate(`await import('nestjs-ws-auth')`)).rejects.toThrow(
      /Cannot find package '@nestjs\/[\w-]+' imported from /,
    );
  });
});
