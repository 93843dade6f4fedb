import { randomBytes } from 'node:crypto';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';

/** An application behind TLS, which does not listen yet, and options of a client that may connect to it. */
export interface TlsApp {
  readonly app: INestApplication;
  readonly options: object;
}

/** Makes an application behind TLS. A key that both sides know takes the place of certificates. */
export async function createBehindTls(metadata: ModuleMetadata): Promise<TlsApp> {
  const psk = randomBytes(32);
  const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
  const module = await Test.createTestingModule(metadata).compile();
  const httpsOptions = { ...tls, pskCallback: () => psk } as object;
  const pskCallback = () => ({ psk, identity: 'test' });
  return {
    app: module.createNestApplication({ httpsOptions, logger: false }),
    options: { ...tls, pskCallback, checkServerIdentity: () => undefined },
  };
}
