import { FastifyAdapter } from '@nestjs/platform-fastify';

/** The HTTP adapter of the stack. */
export const httpAdapter = () => new FastifyAdapter();
