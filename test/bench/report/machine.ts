import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

const packages = [
  '@nestjs/core',
  '@nestjs/platform-ws',
  '@nestjs/passport',
  'ws',
  'passport-jwt',
  'jsonwebtoken',
  'socket.io',
  'redis',
];

/** Where the numbers come from. */
export function machineText(): string {
  const versions = packages.map((name) => `\`${name}\` ${versionOf(name)}`);
  const nested = versionOf('@nestjs/platform-ws/node_modules/ws');
  const ram = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${ram} GiB, ${type()} ${release()}.`,
    `Node ${process.version}, ${versions.join(', ')}${nested === '' ? '' : ` (stock Nest brings ${nested})`}.`,
  ].join('\n');
}

function versionOf(name: string): string {
  try {
    const file = join(process.cwd(), 'node_modules', name, 'package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
  } catch {
    return '';
  }
}
