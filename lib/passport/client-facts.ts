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

/** Gives the facts to the strategies of this package, on the request they see. */
export function setClientFacts(request: object, client: ClientFacts): void {
  Object.defineProperty(request, facts, { value: client });
}

export function clientFactsOf(request: object): ClientFacts {
  return (request as { readonly [facts]?: ClientFacts })[facts] ?? nobody;
}
