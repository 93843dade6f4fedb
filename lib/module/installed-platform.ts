import type { Platform } from '../adapters/platform.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

/** How a platform is found: its package, and the function that returns it. */
interface Candidate {
  readonly name: string;
  /** What the application writes to choose it. */
  readonly choice: string;
  /** Imports the package; fails where it is not installed. */
  probe(): Promise<unknown>;
  load(): Promise<Platform>;
}

const candidates: readonly Candidate[] = [
  {
    name: '@nestjs/platform-ws',
    choice: "platform: ws() of 'nestjs-ws-auth/ws'",
    probe: () => import('@nestjs/platform-ws'),
    load: async () => (await import('../adapters/ws/ws.platform.js')).ws() as Platform,
  },
];

/**
 * The platform of the application where it names none: the one whose package is installed.
 *
 * @throws {WsAuthConfigurationError} where none is installed, or more than one: a wrong guess would be a 404 for every client
 */
export async function installedPlatform(): Promise<Platform> {
  const isInstalled = await Promise.all(candidates.map(installed));
  const found = candidates.filter((_candidate, index) => isInstalled[index]);
  const [only, ...others] = found;
  if (!only) {
    throw new WsAuthConfigurationError(
      `platform: no WebSocket platform is installed; run npm install ${candidates[0]!.name}`,
    );
  }
  if (others.length > 0) {
    const names = found.map(({ name }) => name).join(' and ');
    const choices = found.map(({ choice }) => choice).join(', or ');
    throw new WsAuthConfigurationError(`platform: ${names} are installed; choose ${choices}`);
  }
  return await only.load();
}

async function installed(candidate: Candidate): Promise<boolean> {
  try {
    await candidate.probe();
    return true;
  } catch (error) {
    if (isMissing(error, candidate.name)) {
      return false;
    }
    throw error;
  }
}

/** Whether the package itself is missing, and not something that it imports. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>;
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    message.includes(`'${name}'`)
  );
}
