import { ExpressAdapter } from '@nestjs/platform-express';

/** The HTTP adapter of the stack. */
export const httpAdapter = () => new ExpressAdapter();
