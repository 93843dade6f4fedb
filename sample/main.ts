import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { host, ports } from './config.js';

/** The files of the page are served from the source tree: they need no build. */
const publicFiles = fileURLToPath(new URL('../../sample/public', import.meta.url));

/** The client that the pages import: the files that the package publishes. */
const clientFiles = fileURLToPath(new URL('../lib', import.meta.url));

/** The clients of Socket.IO and of GraphQL, as their packages publish them. */
const clients = {
  '/socket.io-client/': new URL('.', import.meta.resolve('socket.io-client/dist/socket.io.js')),
  '/graphql-ws/': new URL('.', import.meta.resolve('graphql-ws/client')),
};

const app = await NestFactory.create<NestExpressApplication>(AppModule);
app.disable('x-powered-by');
app.useStaticAssets(publicFiles, { index: false });
app.useStaticAssets(clientFiles, { index: false, prefix: '/nestjs-ws-auth/' });
for (const [prefix, folder] of Object.entries(clients)) {
  app.useStaticAssets(fileURLToPath(folder), { index: false, prefix });
}
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
await app.listen(ports.http, host);

Logger.log(`Open http://localhost:${ports.http}/ in a browser; Ctrl-C ends the sample`, 'Sample');
