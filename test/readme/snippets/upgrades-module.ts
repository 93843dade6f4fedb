import {
  fromAuthorizationHeader,
  fromQueryParam,
  protectUpgrades,
  WsAuthModule,
} from 'nestjs-ws-auth';

export const auth = WsAuthModule.forRoot({
  strategy: 'jwt',
  upgrades: [
    protectUpgrades({
      path: '/yjs',
      credentials: [fromAuthorizationHeader(), fromQueryParam('token')],
    }),
  ],
});
