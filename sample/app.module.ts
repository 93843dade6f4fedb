import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ws } from 'nestjs-ws-auth/ws';
import { openTelemetry } from 'nestjs-ws-auth/opentelemetry';
import { AuthModule } from './auth/auth.module.js';
import { BasicGateway } from './gateways/basic.gateway.js';
import { CombinedGateway } from './gateways/combined.gateway.js';
import { CookieGateway } from './gateways/cookie.gateway.js';
import { FirstMessageGateway } from './gateways/first-message.gateway.js';
import { QueryParamGateway } from './gateways/query-param.gateway.js';
import { ReadableCookieGateway, ReadableSubprotocolGateway } from './gateways/readable.gateways.js';
import { SubprotocolGateway } from './gateways/subprotocol.gateway.js';
import { UserInfoGateway } from './gateways/user-info.gateway.js';
import { GreetingResolver } from './graphql/greeting.resolver.js';
import { graphql, subscriptions } from './graphql/subscriptions.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PagesController } from './pages/pages.controller.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { UserEvents } from './sessions/user-events.service.js';
import { SocketIoApplication } from './socket-io/socket-io-application.js';
import { SharedStore } from './store/shared-store.js';
import { StoreModule } from './store/store.module.js';
import { TicketsController } from './tickets/tickets.controller.js';

/**
 * `WsAuthModule` is all it takes: from here on, no gateway runs without authentication.
 *
 * An application that runs once and issues no tickets writes `WsAuthModule.forRoot({ strategy: 'jwt' })`.
 */
@Module({
  imports: [
    AuthModule,
    WsAuthModule.forRootAsync({
      imports: [StoreModule, MetricsModule],
      inject: [SharedStore, Metrics],
      useFactory: ({ store }: SharedStore, { meterProvider }: Metrics) => ({
        strategy: 'jwt',
        platform: ws(),
        platforms: [subscriptions],
        tickets: {},
        telemetry: openTelemetry({ meterProvider }),
        ...(store && { store }),
      }),
    }),
    graphql,
  ],
  controllers: [PagesController, TicketsController, SessionsController],
  providers: [
    UserEvents,
    FirstMessageGateway,
    QueryParamGateway,
    CookieGateway,
    BasicGateway,
    UserInfoGateway,
    SubprotocolGateway,
    CombinedGateway,
    ReadableCookieGateway,
    ReadableSubprotocolGateway,
    GreetingResolver,
    SocketIoApplication,
  ],
})
export class AppModule {}
