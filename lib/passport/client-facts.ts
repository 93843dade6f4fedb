/** What is known of a client besides its credential. */
export interface ClientFacts {
  /** Path of the upgrade, without the query. */
  readonly path: string;
  /** Key of the client's address. */
  readonly address: string;
  readonly origin: string | undefined;
}

const facts = Symbol('nestjs-ws-auth:client-facts');

const nobody: ClientFacts = Object.freeze({ path: '', address: '', origin: undefined });

interface Factual {
  [facts]?: ClientFacts;
}

/** Gives the facts to the strategies of this package, on the request they see. */
export function setClientFacts(request: object, client: ClientFacts): void {
  (request as Factual)[facts] = client;
}

export function clientFactsOf(request: object): ClientFacts {
  return (request as Factual)[facts] ?? nobody;
}
