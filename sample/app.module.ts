import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { AuthModule } from './auth/auth.module.js';
import { BasicGateway } from './gateways/basic.gateway.js';
import { CombinedGateway } from './gateways/combined.gateway.js';
import { CookieGateway } from './gateways/cookie.gateway.js';
import { FirstMessageGateway } from './gateways/first-message.gateway.js';
import { QueryParamGateway } from './gateways/query-param.gateway.js';
import { SubprotocolGateway } from './gateways/subprotocol.gateway.js';
import { UserInfoGateway } from './gateways/user-info.gateway.js';
import { PagesController } from './pages/pages.controller.js';

/** `WsAuthModule.forRoot()` is all it takes: from here on, no gateway runs without authentication. */
@Module({
  imports: [AuthModule, WsAuthModule.forRoot({ strategy: 'jwt' })],
  controllers: [PagesController],
  providers: [
    FirstMessageGateway,
    QueryParamGateway,
    CookieGateway,
    BasicGateway,
    UserInfoGateway,
    SubprotocolGateway,
    CombinedGateway,
  ],
})
export class AppModule {}
