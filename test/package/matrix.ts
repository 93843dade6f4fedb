/** The stacks and the versions of Node.js for which the package is tested. */
export const nestMajors = [11, 12] as const;
export const httpAdapters = ['express', 'fastify'] as const;
export const nodeRanges = { 20: '20.20', 22: '22', 24: '24', 26: '26' } as const;

export type NestMajor = (typeof nestMajors)[number];
export type HttpAdapter = (typeof httpAdapters)[number];

/** The HTTP framework of an adapter. */
export const frameworkOf = {
  express: { name: 'Express', package: 'express' },
  fastify: { name: 'Fastify', package: 'fastify' },
} as const;

/** One binary of Node.js. */
export interface NodeBinary {
  readonly version: string;
  readonly path: string;
}

/** One cell of the table in README.md. */
export interface Cell {
  readonly stack: string;
  readonly node: string;
}
