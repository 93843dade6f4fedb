import { Writable } from 'node:stream';
import {
  Catch,
  HttpException,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import {
  ContextIdFactory,
  createContextId,
  ModuleRef,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
} from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import {
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { IsInt, IsString, Max } from 'class-validator';
import { Logger, LoggerModule } from 'nestjs-pino';
import { map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { userOf, WsAuthGuard, WsAuthModule } from '../../../lib/index.js';
import { startApp, type TestApp } from '../../support/app.js';
import { customStrategy, HttpBasicStrategy, JwtStrategy } from '../../support/strategies.js';
import { basicHeader, tokenOf } from '../../support/tokens.js';
import { enter } from '../../support/connections.js';

class Order {
  @IsString()
  item!: string;

  @IsInt()
  @Max(9)
  amount!: number;
}

/** One for each client. */
@Injectable({ scope: Scope.REQUEST })
class Basket {
  readonly items: string[] = [];

  constructor(@Inject(REQUEST) private readonly client: object) {}

  get owner(): string {
    return userOf<{ id: string }>(this.client).id;
  }
}

/** One for each tenant, however many clients it has. */
@Injectable({ scope: Scope.REQUEST, durable: true })
class Shelf {
  taken = 0;
}

const tenants = new Map<string, ContextId>();

function tenantOf(client: object): ContextId {
  const [tenant] = userOf<{ id: string }>(client).id.split('-');
  const known = tenants.get(tenant!) ?? createContextId();
  tenants.set(tenant!, known);
  return known;
}

/** Puts what is durable into the context of a tenant. */
const byTenant: ContextIdStrategy = {
  attach(contextId, client: object) {
    const tenant = tenantOf(client);
    return {
      payload: client,
      resolve: ({ isTreeDurable }) => (isTreeDurable ? tenant : contextId),
    };
  },
};

/** Answers with the name of the neighbour. */
@Injectable()
class ServedInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { id } = userOf<{ id: string }>(context.switchToWs().getClient());
    return next
      .handle()
      .pipe(map((reply: { data: object }) => ({ ...reply, data: { ...reply.data, served: id } })));
  }
}

/** Sends the message of an HTTP exception to the client. */
@Catch(HttpException)
class HttpExceptionFilter extends BaseWsExceptionFilter {
  override catch(exception: HttpException, host: ArgumentsHost): void {
    // oxlint-disable-next-line promise/valid-params -- a filter, no promise
    super.catch(new WsException(exception.getResponse()), host);
  }
}

@UseGuards(WsAuthGuard, ThrottlerGuard)
@UsePipes(new ValidationPipe({ whitelist: true }))
@UseInterceptors(ServedInterceptor)
@UseFilters(HttpExceptionFilter)
@WebSocketGateway({ path: '/orders' })
class OrdersGateway {
  readonly #contexts = new WeakMap<object, ContextId>();

  constructor(private readonly moduleRef: ModuleRef) {}

  handleConnection(client: object): void {
    const context = ContextIdFactory.getByRequest(client);
    this.moduleRef.registerRequestByContextId(client, context);
    this.#contexts.set(client, context);
  }

  @SubscribeMessage('order')
  async order(@ConnectedSocket() client: object, @MessageBody() { item, amount }: Order) {
    const context = this.#contexts.get(client)!;
    const basket = await this.moduleRef.resolve(Basket, context);
    const shelf = await this.moduleRef.resolve(Shelf, context);
    basket.items.push(item);
    shelf.taken += amount;
    const { owner, items } = basket;
    return { event: 'order', data: { owner, items, taken: shelf.taken } };
  }
}

/** All that was logged. nestjs-pino writes outside of HTTP requests to the stream of the first application of a process. */
let logs = '';
const stream = new Writable({
  write(chunk, _encoding, done) {
    logs += String(chunk);
    done();
  },
});

function startOrders(limit = 100): Promise<TestApp> {
  ContextIdFactory.apply(byTenant);
  return startApp(
    {
      imports: [
        LoggerModule.forRoot({ pinoHttp: [{ level: 'trace' }, stream] }),
        ThrottlerModule.forRoot({
          throttlers: [{ ttl: 60_000, limit }],
          setHeaders: false,
          getTracker: (client: object) => userOf<{ id: string }>(client).id,
        }),
        WsAuthModule.forRoot({ strategy: ['jwt', 'basic', 'broken'], refusalLogLevel: 'log' }),
      ],
      providers: [
        JwtStrategy,
        HttpBasicStrategy,
        customStrategy('broken', ({ headers }) => {
          throw new Error(`no directory for ${headers.authorization}`);
        }),
        OrdersGateway,
        Basket,
        Shelf,
      ],
    },
    (nest) => nest.useLogger(nest.get(Logger)),
  );
}

describe('an application with everything', () => {
  it('validates messages, and serves each client from what is its own and its tenant’s', async () => {
    await using app = await startOrders();
    const [ann, bob] = [
      await enter(app, tokenOf('red-ann'), '/orders'),
      await enter(app, tokenOf('red-bob'), '/orders'),
    ];
    const zoe = await enter(app, tokenOf('blue-zoe'), '/orders');
    expect(await ann.ask('order', { item: 'tea', amount: 2, admin: true })).toEqual({
      owner: 'red-ann',
      items: ['tea'],
      taken: 2,
      served: 'red-ann',
    });
    expect(await ann.ask('order', { item: 'jam', amount: 1 })).toMatchObject({
      items: ['tea', 'jam'],
      taken: 3,
    });
    expect(await bob.ask('order', { item: 'rye', amount: 4 })).toEqual({
      owner: 'red-bob',
      items: ['rye'],
      taken: 7,
      served: 'red-bob',
    });
    expect(await zoe.ask('order', { item: 'oat', amount: 5 })).toMatchObject({ taken: 5 });
  });

  it('answers what is invalid with the exception of the filter, and goes on', async () => {
    await using app = await startOrders();
    const client = await enter(app, tokenOf('green-ann'), '/orders');
    client.emit('order', { item: 'tea', amount: 10 });
    expect(await client.nextEvent()).toEqual({
      event: 'exception',
      data: {
        statusCode: 400,
        error: 'Bad Request',
        message: ['amount must not be greater than 9'],
      },
    });
    expect(await client.ask('order', { item: 'tea', amount: 9 })).toMatchObject({ taken: 9 });
  });

  it('throttles by user, not by connection', async () => {
    await using app = await startOrders(2);
    const [first, second] = [
      await enter(app, tokenOf('grey-ann'), '/orders'),
      await enter(app, tokenOf('grey-ann'), '/orders'),
    ];
    const other = await enter(app, tokenOf('grey-bob'), '/orders');
    const order = { item: 'tea', amount: 1 };
    expect(await first.ask('order', order)).toMatchObject({ taken: 1 });
    expect(await second.ask('order', order)).toMatchObject({ taken: 2 });
    first.emit('order', order);
    expect(await first.nextEvent()).toMatchObject({ event: 'exception' });
    expect(await other.ask('order', order)).toMatchObject({ taken: 3 });
  });

  it('logs refusals through nestjs-pino, and no credential', async () => {
    await using app = await startOrders();
    const token = tokenOf('pink-ann');
    const client = await app.connect('/orders').opened();
    client.emit('authenticate', { token });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    await client.ask('order', { item: 'tea', amount: 1 });
    const wrong = basicHeader('ann', 'hunter2');
    const headers = { authorization: wrong };
    expect((await app.connect('/orders', { headers }).refusal()).status).toBe(500);
    const late = await app.connect('/orders').opened();
    expect(await late.emit('order', {}).closed()).toMatchObject({ code: 3000 });
    expect(logs).toContain('refused ERR_WS_AUTH_STRATEGY_FAILED phase=handshake path=/orders');
    expect(logs).toContain('refused ERR_WS_AUTH_CREDENTIAL_REQUIRED phase=message path=/orders');
    for (const secret of [token, token.split('.')[2]!, wrong, wrong.slice(6), 'hunter2']) {
      expect(logs).not.toContain(secret);
    }
  });
});
