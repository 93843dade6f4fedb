import { Module, type INestApplication } from '@nestjs/common';
import session, { MemoryStore } from 'express-session';
import { fromRequest, WsAuthModule, WsAuthSessions } from 'nestjs-ws-auth';
import passport from 'passport';

const store = new MemoryStore(); // in production: one that nodes share
const withSession = session({
  store,
  secret: process.env['SESSION_SECRET'] ?? 'of development',
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
});
const withUser = passport.session();

@Module({
  imports: [
    WsAuthModule.forRoot({
      middleware: [withSession, withUser], // the same as of the HTTP routes
      strategy: 'session',
      credentials: [fromRequest()],
      maxSessionAgeMs: 8 * 60 * 60 * 1_000,
    }),
  ],
})
export class SocketsModule {
  constructor(sessions: WsAuthSessions) {
    sessions.bindToHttpSession(store); // logging out ends the sockets
  }
}

/** For `main.ts`, before `app.listen()`. */
export function useHttpSessions(app: INestApplication): void {
  app.use(withSession, withUser);
}
