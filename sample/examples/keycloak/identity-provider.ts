import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult, type JWK } from 'jose';

/** A key pair of the realm, with the name that tokens have in their header. */
interface SigningKey extends GenerateKeyPairResult {
  readonly kid: string;
  readonly jwk: JWK;
}

/**
 * The two endpoints of Keycloak that the example needs: the keys of a realm, and tokens.
 *
 * It issues a token to everyone who asks, so it is for this machine alone.
 */
export class IdentityProvider implements AsyncDisposable {
  readonly #server: Server;
  #key!: SigningKey;
  #keys = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param port 0 for one that the system chooses */
  static async start(port: number): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    await provider.rotate();
    await once(provider.#server.listen(port, '127.0.0.1'), 'listening');
    return provider;
  }

  get issuer(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/realms/main`;
  }

  /** A new key replaces the former one. */
  async rotate(): Promise<void> {
    const pair = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${(this.#keys += 1)}`;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: 'RS256' };
    this.#key = { ...pair, kid, jwk };
  }

  /** An access token, as Keycloak makes it. */
  tokenOf(user: string, roles: readonly string[] = [], typ = 'Bearer'): Promise<string> {
    return new SignJWT({ typ, realm_access: { roles } })
      .setProtectedHeader({ alg: 'RS256', kid: this.#key.kid })
      .setSubject(user)
      .setIssuer(this.issuer)
      .setAudience('chat')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(this.#key.privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), 'close');
  }

  async #answer({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url, this.issuer);
    response.setHeader('content-type', 'application/json');
    if (pathname.endsWith('/token')) {
      const user = searchParams.get('user') ?? 'alice';
      const token = await this.tokenOf(user, searchParams.getAll('role'));
      response.end(JSON.stringify({ access_token: token }));
    } else {
      response.end(JSON.stringify({ keys: [this.#key.jwk] }));
    }
  }
}
