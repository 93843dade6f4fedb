import { createHash } from 'node:crypto';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { bridgePage } from '../../../lib/cookie-bridge/bridge-page.js';
import { bridgeMessageType } from '../../../lib/protocol/message.js';
import { settle } from '../../support/turns.js';

const app = 'https://app.example.com';

interface MessageFromPage {
  readonly data: unknown;
  readonly origin: string;
  readonly source?: unknown;
}

function scriptOf(html: string): string {
  return /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
}

/** Runs the script of the page as a browser would, and returns what it did. */
async function open(message: MessageFromPage, answer: () => Promise<{ readonly ok: boolean }>) {
  const fetched: unknown[] = [];
  const posted: unknown[] = [];
  let listener: ((event: MessageFromPage) => Promise<void>) | undefined;
  const parent = { postMessage: (...args: unknown[]) => posted.push(...args) };
  const page = createContext({
    parent,
    location: { pathname: '/bridge' },
    addEventListener: (_type: string, listen: typeof listener) => {
      listener = listen;
    },
    fetch: (...args: unknown[]) => {
      fetched.push(...args);
      return answer();
    },
  });
  runInContext(scriptOf(bridgePage([app, 'http://localhost:3000']).html), page);
  await listener?.({ source: parent, ...message });
  await settle();
  return { fetched, posted };
}

const succeeds = () => Promise.resolve({ ok: true });

describe('the bridge page', () => {
  it('may do nothing but what it does, and only in frames of its parents', () => {
    const { html, contentSecurityPolicy } = bridgePage([app, 'http://localhost:3000']);
    const hash = createHash('sha256').update(scriptOf(html)).digest('base64');
    expect(contentSecurityPolicy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${hash}'`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${app} http://localhost:3000`,
    ]);
    expect(html).toMatch(/^<!doctype html>/);
  });

  it('does not end its script for an origin that looks like the end of one', () => {
    const { html } = bridgePage(['x://</script><script>alert(1)</script>']);
    expect(html.match(/<\/?script>/g)).toEqual(['<script>', '</script>']);
  });

  it('hands the token to the server, and answers the origin of the message', async () => {
    const { fetched, posted } = await open({ data: 'token', origin: app }, succeeds);
    expect(fetched).toEqual([
      '/bridge',
      { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'token' },
    ]);
    expect(posted).toEqual([{ type: bridgeMessageType, ok: true }, app]);
  });

  it.each([
    ['the server refuses', () => Promise.resolve({ ok: false })],
    ['there is no server', () => Promise.reject(new Error('offline'))],
  ])('shows it when %s', async (_what, answer) => {
    const { posted } = await open({ data: 'token', origin: app }, answer);
    expect(posted).toEqual([{ type: bridgeMessageType, ok: false }, app]);
  });

  it.each<[string, MessageFromPage]>([
    ['another origin', { data: 'token', origin: 'https://evil.example' }],
    ['an origin that contains a parent', { data: 'token', origin: `${app}.evil.example` }],
    ['null', { data: 'token', origin: 'null' }],
    ['a window that is not its parent', { data: 'token', origin: app, source: {} }],
    ['a parent that sends no text', { data: { token: 'x' }, origin: app }],
    ['a parent that sends nothing', { data: undefined, origin: app }],
  ])('does nothing for %s', async (_what, message) => {
    await expect(open(message, succeeds)).resolves.toEqual({ fetched: [], posted: [] });
  });
});
