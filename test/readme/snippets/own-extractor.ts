import {
  bearerCredential,
  malformedCredential,
  type CredentialLimits,
  type Handshake,
  type HandshakeExtractor,
} from 'nestjs-ws-auth';

/** Reads the token of `?header=…`, base64 of `{ "Authorization": "…" }`, as clients of AWS AppSync send it. */
class AppSyncExtractor implements HandshakeExtractor {
  readonly name = 'fromAppSync';
  readonly phase = 'handshake';
  readonly place = 'query';
  readonly ambient = false; // no browser attaches it by itself
  readonly challengeSchemes = ['Bearer'] as const;
  readonly redacts = { queryParams: ['header'] };
  readonly strategy = undefined; // that of the policy

  find({ target }: Handshake, limits: CredentialLimits) {
    const header = new URLSearchParams(target.query).get('header');
    if (header === null) {
      return undefined;
    }
    const origin = { extractor: this.name, ambient: this.ambient, strategy: this.strategy };
    const token = tokenIn(header);
    return token === undefined
      ? malformedCredential(origin)
      : bearerCredential(token, limits, origin);
  }
}

function tokenIn(header: string): string | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(header, 'base64').toString());
    const { Authorization: token } = Object(fields) as { Authorization?: unknown };
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}

export const fromAppSync = (): HandshakeExtractor => new AppSyncExtractor();
