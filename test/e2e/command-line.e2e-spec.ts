import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsPublic,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { IoEcho } from '../socket-io/support/io-gateways.js';
import { startIo } from '../socket-io/support/io-app.js';
import { freePort, startGateways, startProtected } from '../support/app.js';
import { patient } from '../support/patience.js';
import { codesIn, runCommand, type Printed } from '../support/terminal.js';
import { tokenOf } from '../support/tokens.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway {}

@WebSocketGateway({ namespace: 'chat' })
class ChatNamespace extends IoEcho {}

const token = tokenOf('alice', { exp: 4_102_444_800 });

function tryAt(url: string, ...args: string[]): Promise<Printed> {
  return runCommand(['try', url, '--timeout', '60000', ...args], { env: { WS_AUTH_TOKEN: token } });
}

/** Places whose credential was accepted. */
function acceptedIn({ stdout }: Printed): string[] {
  return Array.from(stdout.matchAll(/^ {2}(.+?) +101 +accepted/gm), ([, place]) => place!);
}

const guide = rootFile('lib/guides/troubleshooting.md');
const shown = codeBlocks(section(guide, 'Which place of the token works?'), 'text');

describe('npx nestjs-ws-auth try', () => {
  it('prints what the guide shows', async () => {
    await using app = await startGateways({}, [ChatGateway]);
    const { exitCode, stdout } = await tryAt(app.url('/chat'));
    expect(stdout.replace(`127.0.0.1:${app.port}`, 'localhost:3000')).toBe(shown[0]);
    expect(exitCode).toBe(0);
  });

  it('prints what the guide shows for Socket.IO', async () => {
    await using app = await startIo({}, [ChatNamespace]);
    const { exitCode, stdout } = await tryAt(`${app.url}/chat`);
    expect(stdout.replace(`127.0.0.1:${app.port}`, 'localhost:3000')).toBe(shown[1]);
    expect(exitCode).toBe(0);
  });

  const places: readonly [string, WsCredentialExtractor][] = [
    ['fromAuthorizationHeader()', fromAuthorizationHeader()],
    ['fromFirstMessage()', fromFirstMessage()],
    ["fromFirstMessage({ format: 'raw' })", fromFirstMessage({ format: 'raw' })],
    ["fromCookie('jwt')", fromCookie('jwt')],
    ["fromQueryParam('ticket')", fromQueryParam('ticket')],
    ["fromSubprotocol({ prefix: 'token.' })", fromSubprotocol({ prefix: 'token.' })],
    ['fromUserInfo()', fromUserInfo()],
  ];

  it.each(places)('finds that %s is what the gateway reads', async (place, extractor) => {
    await using app = await startProtected({ credentials: [extractor] });
    const names = ['--cookie', 'jwt', '--query', 'ticket', '--subprotocol', 'token.'];
    const printed = await tryAt(app.url(), ...names);
    expect(acceptedIn(printed)).toEqual([place]);
    expect(printed.stdout).toContain(`\nAccepted: ${place}.\n`);
  });

  it('names the places that are read where the token itself is refused', async () => {
    await using app = await startProtected();
    const forged = `${token}x`;
    const args = ['try', app.url(), '--token-stdin'];
    const { exitCode, stdout } = await runCommand(args, { stdin: `${forged}\n` });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('credential rejected  ERR_WS_AUTH_CREDENTIAL_REJECTED');
    expect(stdout).toContain(
      'A strategy refused the token from fromAuthorizationHeader(), fromFirstMessage()',
    );
    expect(stdout).not.toContain(forged.slice(0, 20));
  });

  it('sends the origin of a page, and prints why it is refused', async () => {
    await using app = await startProtected({ allowedOrigins: ['https://app.example'] });
    const printed = await tryAt(app.url(), '--origin', 'https://evil.example');
    expect(codesIn(printed)).toMatchObject({ 'fromAuthorizationHeader()': '403' });
    expect(printed.stdout).toContain('ERR_WS_AUTH_ORIGIN_REFUSED');
  });

  it('does not take a server that lets every client in for one that has read the token', async () => {
    await using app = await startProtected({
      optional: true,
      credentials: [fromAuthorizationHeader()],
    });
    const printed = await tryAt(app.url());
    expect(printed.exitCode).toBe(0);
    expect(printed.stdout).toContain('The server accepts clients without a credential');
    expect(printed.stdout).not.toContain('Accepted:');
  });

  it('states that no session answers on a public gateway', async () => {
    @WsPublic()
    @WebSocketGateway()
    class PublicGateway {}
    await using app = await startGateways({}, [PublicGateway]);
    const { exitCode, stdout } = await tryAt(app.url(), '--timeout', String(patient(500)));
    expect([exitCode, stdout]).toEqual([
      1,
      expect.stringContaining('101        open, and no session'),
    ]);
  });

  it('stops at the first answer that concerns every attempt', async () => {
    await using app = await startProtected({ maxPendingPerAddress: 1 });
    await app.connect().opened();
    expect(codesIn(await tryAt(app.url()))).toEqual({ 'without a credential': '429' });
    const unreachable = await tryAt(`ws://127.0.0.1:${await freePort()}/`);
    expect(codesIn(unreachable)).toEqual({ 'without a credential': 'ECONNREFUSED' });
  });

  it('sends no token in the URL of another host, unless it is asked to', async () => {
    await using app = await startProtected({ credentials: [fromQueryParam('token')] });
    const url = `ws://0.0.0.0:${app.port}/`;
    const printed = await tryAt(url);
    expect(codesIn(printed)).toMatchObject({
      "fromQueryParam('token')": 'not tried',
      'fromUserInfo()': 'not tried',
    });
    expect(acceptedIn(await tryAt(url, '--in-url'))).toEqual(["fromQueryParam('token')"]);
  });

  it('sends the token in the URL of this machine, by its name as well', async () => {
    await using app = await startProtected({ credentials: [fromQueryParam('token')] });
    const printed = await tryAt(`ws://localhost:${app.port}/`);
    expect(acceptedIn(printed)).toEqual(["fromQueryParam('token')"]);
  });

  it('sends a cookie as pages do: encoded', async () => {
    await using app = await startProtected({ credentials: [fromCookie('token')] });
    const { stdout } = await runCommand(['try', app.url(), '--token', 'a;b']);
    expect(stdout).toMatch(/fromCookie\('token'\) +401 +credential rejected/);
  });

  it('prints the address without its query', async () => {
    await using app = await startProtected();
    const { stdout } = await tryAt(app.url('/?ticket=of-alice'));
    expect(stdout.split('\n', 1)).toEqual([app.url('/')]);
  });

  it('warns of a token on the command line, and prints none', async () => {
    await using app = await startProtected();
    const { exitCode, stdout, stderr } = await runCommand(['try', app.url(), '--token', token]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('warning: `ps`')]);
    expect(stdout + stderr).not.toContain(token.slice(0, 20));
  });

  it('states that a token cannot stand in a header or a subprotocol', async () => {
    await using app = await startProtected();
    expect(codesIn(await runCommand(['try', app.url(), '--token', 'a\nb, c']))).toMatchObject({
      'fromAuthorizationHeader()': 'not sent',
      'fromSubprotocol()': 'not sent',
    });
  });
});
