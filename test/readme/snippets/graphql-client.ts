import { createClient, type Client } from 'graphql-ws';
import { subscriptionParams, type TokenSource } from 'nestjs-ws-auth/graphql-ws-client';

export function liveClient(url: string, newToken: TokenSource): Client {
  return createClient({ url, ...subscriptionParams({ token: newToken }) });
}
