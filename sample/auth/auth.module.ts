import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { tokenTtlMs } from '../config.js';
import { BasicStrategy } from './basic.strategy.js';
import { JwtStrategy } from './jwt.strategy.js';
import { tokenKey } from './token-key.js';
import { TokensController } from './tokens.controller.js';
import { TokensService } from './tokens.service.js';

/** Tokens and the two Passport strategies that check them. Nothing in here knows of WebSockets. */
@Module({
  imports: [
    PassportModule,
    JwtModule.register({
      secret: tokenKey,
      signOptions: { algorithm: 'HS256', expiresIn: `${tokenTtlMs}ms` },
      verifyOptions: { algorithms: ['HS256'] },
    }),
  ],
  controllers: [TokensController],
  providers: [TokensService, JwtStrategy, BasicStrategy],
  exports: [TokensService],
})
export class AuthModule {}
