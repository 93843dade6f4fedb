import { Module } from '@nestjs/common';
import { JwtStrategy } from './chat.module.js';
import { ChatGateway } from './snippets/socket-io-after.js';
import { AuthModule } from './snippets/socket-io-module.js';

/** The gateway of the guide to Socket.IO, as the guide to the test kit tests it. */
@Module({ imports: [AuthModule], providers: [JwtStrategy, ChatGateway] })
export class ChatModule {}
