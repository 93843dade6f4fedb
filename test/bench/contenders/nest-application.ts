import 'reflect-metadata';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import { listen } from './listen.js';

/** A running Nest application. */
export interface NestServer {
  readonly app: INestApplication;
  readonly port: number;
}

/** Starts a Nest application, silent, on Express. */
export async function startNest(
  metadata: ModuleMetadata,
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<NestServer> {
  @Module(metadata)
  class BenchModule {}

  const app = await NestFactory.create(BenchModule, { logger: false });
  prepare(app);
  await app.init();
  return { app, port: await listen(app.getHttpServer() as Server) };
}
