import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';

/** The claims of an access token of Keycloak that are used here. */
interface Claims {
  readonly sub: string;
  readonly typ: string;
  readonly realm_access?: { readonly roles: readonly string[] };
}

interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

/** Verifies tokens with the keys that the realm publishes. A key that is not known yet is fetched. */
@Injectable()
class KeycloakStrategy extends PassportStrategy(Strategy, 'keycloak') {
  constructor() {
    const issuer = process.env['ISSUER']!; // such as https://id.example.com/realms/main
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: `${issuer}/protocol/openid-connect/certs`,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      audience: process.env['AUDIENCE']!,
      algorithms: ['RS256'],
    });
  }

  /** An ID token or a refresh token of the same user is refused. */
  validate({ sub, typ, realm_access: access }: Claims): User | false {
    return typ === 'Bearer' && { id: sub, roles: access?.roles ?? [] };
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }

  @SubscribeMessage('announce')
  announce(@WsUser() { roles }: User) {
    if (!roles.includes('admin')) {
      throw new WsException('the role admin is needed');
    }
    return { event: 'announced' };
  }
}

/** Access tokens of an identity provider, with the roles of the user. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'keycloak' })],
  providers: [KeycloakStrategy, ChatGateway],
})
export class AppModule {}
