import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientCertModule } from '../../sample/recipes/client-cert.js';
import { TestApp } from '../support/app.js';

const run = promisify(execFile);

interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

let folder: string;

function openssl(...args: string[]) {
  return run('openssl', args, { cwd: folder });
}

/** Makes a key and a certificate that another one, or itself, vouches for. */
async function issue(name: string, issuer?: string): Promise<Certificate> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const by = issuer === undefined ? [] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  await openssl('req', '-x509', ...key, ...names, ...by, ...files, '-days', '1');
  return {
    key: await readFile(join(folder, `${name}.key`)),
    cert: await readFile(join(folder, `${name}.crt`)),
  };
}

let authority: Certificate;
let server: Certificate;
let alice: Certificate;
let mallory: Certificate;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-cert-'));
  authority = await issue('authority');
  server = await issue('server', 'authority');
  alice = await issue('alice', 'authority');
  mallory = await issue('mallory');
});

afterAll(() => rm(folder, { recursive: true }));

async function startTls(): Promise<TestApp> {
  const { key, cert } = server;
  const nest = await NestFactory.create(ClientCertModule, {
    httpsOptions: { key, cert, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
    forceCloseConnections: true,
    logger: false,
  });
  await nest.listen(0, '127.0.0.1');
  const { port } = (nest.getHttpServer() as Server).address() as AddressInfo;
  return new TestApp(nest, port);
}

function connect(app: TestApp, certificate?: Certificate) {
  return app.connectTo(app.url('/hello', 'wss'), { ca: authority.cert, ...certificate });
}

describe('the recipe for passport-client-cert', () => {
  it('accepts a certificate of its authority', async () => {
    await using app = await startTls();
    const client = await connect(app, alice).opened();
    expect(await client.ask('hello')).toEqual({ id: 'alice' });
  });

  it('refuses a certificate of another authority, and a missing one, with 401', async () => {
    await using app = await startTls();
    for (const certificate of [mallory, undefined]) {
      const refusal = await connect(app, certificate).refusal();
      expect(refusal.status).toBe(401);
      expect(refusal.challenges).toEqual([expect.stringMatching(/^Bearer realm="Users"/)]);
    }
  });
});
