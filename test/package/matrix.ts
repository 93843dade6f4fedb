/** The stacks and the versions of Node.js for which the package is tested. */
export const nestMajors = [11, 12] as const;
export const httpAdapters = ['express', 'fastify'] as const;
export const nodeRanges = { 20: '20.20', 22: '22', 24: '24', 26: '26' } as const;

/** The other runtimes, which a smoke suite runs on: as packages of npm with the binary for Linux on x64. */
export const otherRuntimes = {
  bun: {
    name: 'Bun',
    package: '@oven/bun-linux-x64@1.4',
    file: 'bin/bun',
    args: [],
    // It brings a `ws` of its own, whose bounds are fixed when a socket opens.
    raisesBounds: false,
  },
  deno: {
    name: 'Deno',
    package: '@deno/linux-x64-glibc@2.9',
    file: 'deno',
    args: ['run', '--allow-all'],
    raisesBounds: true,
  },
} as const;

export type OtherRuntime = keyof typeof otherRuntimes;

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

/** One binary of another runtime. */
export interface RuntimeBinary extends NodeBinary {
  readonly runtime: OtherRuntime;
}

/** One cell of the table in lib/guides/compatibility.md. */
export interface Cell {
  readonly stack: string;
  /** Such as `Node.js 20.20.2`. */
  readonly runtime: string;
}
