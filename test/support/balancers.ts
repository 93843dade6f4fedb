import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './app.js';
import { canInstall, install, installCommand } from './browser/debian-package.js';
import { turns } from './turns.js';

/** A real balancer in front of several nodes. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
}

/** How one of them is run: the package and program of Debian, what it is given, and its arguments. */
interface Program {
  readonly file: string;
  configuration(port: number, nodes: readonly number[], folder: string): string;
  arguments(file: string): readonly string[];
}

/** Both as in `deploys.md`, in front of WebSockets alone. */
export const balancers = {
  nginx: {
    file: '/usr/sbin/nginx',
    arguments: (file) => ['-c', file, '-e', 'stderr'],
    configuration: (port, nodes, folder) => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${folder}/nginx.pid;
error_log stderr emerg;
events { worker_connections 8192; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream app {
    least_conn;
    ${nodes.map((node) => `server 127.0.0.1:${node} max_fails=0;`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_next_upstream error timeout http_503;
      proxy_read_timeout 75s;
    }
  }
}
`,
  },
  haproxy: {
    file: '/usr/sbin/haproxy',
    arguments: (file) => ['-db', '-q', '-f', file],
    configuration: (port, nodes) => `
global
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
  option forwardfor
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response 503
frontend site
  bind 127.0.0.1:${port}
  default_backend app
backend app
  balance leastconn
  option httpchk GET /ready
${nodes.map((node, index) => `  server node${index} 127.0.0.1:${node} check inter 500ms fall 1 rise 1`).join('\n')}
`,
  },
} as const satisfies Record<string, Program>;

/** Starts a balancer in front of the nodes on these ports. */
export async function startBalancer(
  name: keyof typeof balancers,
  nodes: readonly number[],
): Promise<Balancer> {
  const program: Program = balancers[name];
  await demand(name, program.file);
  const folder = await mkdtemp(join(tmpdir(), `ws-auth-${name}-`));
  // Its workers are another user, if this one is root.
  await chmod(folder, 0o755);
  const port = await freePort();
  const file = join(folder, 'balancer.conf');
  await writeFile(file, program.configuration(port, nodes, folder));
  const made = spawn(program.file, program.arguments(file), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  made.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  while (!(await answers(port))) {
    if (made.exitCode !== null) {
      throw new Error(`${name} ended: ${said.join('')}`);
    }
    await turns(1);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      const exited = once(made, 'exit');
      made.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

async function demand(name: string, file: string): Promise<void> {
  const isInstalled = () =>
    access(file).then(
      () => true,
      () => false,
    );
  if (!(await isInstalled()) && (await canInstall())) {
    await install(name);
  }
  if (!(await isInstalled())) {
    throw new Error(`these tests need ${file}: ${installCommand(name)}`);
  }
}
