import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { host, ports } from './config.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule);
app.disable('x-powered-by');
app.useStaticAssets(fileURLToPath(new URL('public', import.meta.url)), { index: false });
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
await app.listen(ports.http, host);

Logger.log(`Open http://localhost:${ports.http}/ in a browser; Ctrl-C ends the sample`, 'Sample');
