import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import passport from 'passport';
import { ExtractJwt, Strategy, type VerifiedCallback } from 'passport-jwt';
import { Server } from 'socket.io';
import type { Contender, Settings } from './contender.js';
import { listen } from './listen.js';
import { socketIoOptions } from './socket-io-echo.gateway.js';
import { keyOf, pretendToAsk, type User } from './verify.js';

type Authenticate = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

interface Handshake extends IncomingMessage {
  readonly _query: { readonly sid?: string };
}

/** Socket.IO over WebSocket alone, with `passport-jwt` as its documentation sets it up. */
export const socketIo: Contender = async (settings) => {
  const authenticate = passportJwt(settings);
  const server = createServer();
  const io = new Server(server, socketIoOptions);
  useOnce(io, authenticate);
  io.on('connection', (socket) => {
    const { user } = socket.request as IncomingMessage & { user?: User };
    socket.on('echo', (data: unknown) => socket.emit('echo', data));
    socket.on('early', (n: unknown) => socket.emit('early', { n, user: user?.id ?? null }));
  });
  return { port: await listen(server) };
};

/** Passport as middleware, with `passport-jwt`. */
export function passportJwt(settings: Settings): Authenticate {
  passport.use(strategy(settings));
  return passport.authenticate('jwt', { session: false }) as Authenticate;
}

/** Runs it for requests that open a connection, as the documentation of Socket.IO shows. */
export function useOnce(io: Server, authenticate: Authenticate): void {
  io.engine.use((request: Handshake, response: ServerResponse, next: () => void) => {
    if (request._query.sid === undefined) {
      authenticate(request, response, next);
    } else {
      next();
    }
  });
}

function strategy(settings: Settings): Strategy {
  const { verifyDelayMs } = settings;
  return new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The types of passport-jwt know no key objects; jsonwebtoken takes them.
      secretOrKey: keyOf(settings) as unknown as Buffer,
      algorithms: ['HS256'],
    },
    ({ sub }: { readonly sub: string }, done: VerifiedCallback) => {
      const accept = () => done(null, { id: sub } satisfies User);
      if (verifyDelayMs > 0) {
        void pretendToAsk(verifyDelayMs).then(accept);
      } else {
        accept();
      }
    },
  );
}
