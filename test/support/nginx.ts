import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from './app.js';
import { canInstall, install, installCommand } from './browser/debian-package.js';

const run = promisify(execFile);

/** What a test needs of Debian: the package and its program. */
const programs = { nginx: '/usr/sbin/nginx', openssl: '/usr/bin/openssl' } as const;

/** A text of the configuration and what stands in its place for a test. */
export type Replacements = Readonly<Record<string, string>>;

/** Debian's nginx with a configuration of ours, on a port and in a folder of its own. */
export class NginxServer implements AsyncDisposable {
  private constructor(
    readonly port: number,
    /** Certificate that it presents. */
    readonly certificate: Buffer,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /**
   * Runs a configuration, in front of an application, with the places of this machine put in for those of the file.
   *
   * @param replacements further texts, each of which must be there
   */
  static async start(
    configuration: string,
    appPort: number,
    replacements: Replacements = {},
  ): Promise<NginxServer> {
    await Promise.all([demand('nginx'), demand('openssl')]);
    const folder = await mkdtemp(join(tmpdir(), 'ws-auth-nginx-'));
    // Its workers are another user, if this one is root.
    await chmod(folder, 0o755);
    const port = await freePort();
    const text = replaceAll(configuration, {
      'server 127.0.0.1:3000;': `server 127.0.0.1:${appPort};`,
      'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
      '/etc/ssl/': `${folder}/`,
      '/var/log/nginx/': `${folder}/`,
      ...replacements,
    });
    await writeFile(join(folder, 'app.conf'), text);
    await writeFile(join(folder, 'nginx.conf'), mainConfiguration(folder));
    const certificate = await makeCertificate(folder);
    return new NginxServer(port, certificate, folder, await startProcess(folder));
  }

  /** The lines of a log, once at least so many have been written. */
  async lines(log: string, atLeast = 0): Promise<string[]> {
    const written = await readFile(join(this.folder, log), 'utf8');
    const lines = written.split('\n').filter((line) => line !== '');
    // nginx writes a line when a connection has ended on its side, which no client can await.
    return lines.length < atLeast ? this.lines(log, atLeast) : lines;
  }

  /** All that it has written to its folder, keys and configuration left out. */
  async everyLog(): Promise<string> {
    const logs = (await readdir(this.folder)).filter((name) => name.endsWith('.log'));
    const texts = await Promise.all(logs.map((name) => readFile(join(this.folder, name), 'utf8')));
    return texts.join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What Debian's own `nginx.conf` is for `conf.d`, with logs at the levels it has by default. */
function mainConfiguration(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  error_log ${folder}/error.log;
  access_log ${folder}/access.log combined;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  include ${folder}/app.conf;
}
`;
}

async function makeCertificate(folder: string): Promise<Buffer> {
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
  const name = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', join(folder, 'app.key'), '-out', join(folder, 'app.crt')];
  await run(programs.openssl, [...request, ...subject, ...name, ...files]);
  return readFile(join(folder, 'app.crt'));
}

async function startProcess(folder: string): Promise<ChildProcess> {
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  const made = spawn(programs.nginx, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => made.kill('SIGKILL');
  process.once('exit', kill);
  made.once('exit', () => process.off('exit', kill));
  const said: string[] = [];
  for await (const line of createInterface({ input: made.stderr })) {
    said.push(line);
    if (line.includes('start worker process ')) {
      made.stderr.resume();
      return made;
    }
  }
  throw new Error(`nginx ended: ${said.join('\n')}`);
}

function replaceAll(text: string, replacements: Replacements): string {
  return Object.entries(replacements).reduce((replaced, [from, to]) => {
    if (!replaced.includes(from)) {
      throw new Error(`the configuration has no "${from}"`);
    }
    return replaced.replaceAll(from, to);
  }, text);
}

async function demand(packageName: keyof typeof programs): Promise<void> {
  const isInstalled = () =>
    access(programs[packageName]).then(
      () => true,
      () => false,
    );
  if (!(await isInstalled()) && (await canInstall())) {
    await install(packageName);
  }
  if (!(await isInstalled())) {
    throw new Error(`these tests need ${programs[packageName]}: ${installCommand(packageName)}`);
  }
}
