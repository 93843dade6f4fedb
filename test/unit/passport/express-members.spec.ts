import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request } from 'express';
import { describe, expect, it } from 'vitest';
import { addExpressMembers, setProxyTrust } from '../../../lib/passport/express-members.js';
import { parseCookies } from '../../../lib/passport/request-cookies.js';
import { proxyTrust } from '../../../lib/policy/proxy-trust.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';

type Members = IncomingMessage & Record<string, unknown> & { get(name?: unknown): unknown };

function withMembers(
  url: string,
  lines: HeaderLines = [],
  trust?: Parameters<typeof proxyTrust>[0],
): Members {
  const request = upgradeRequest(url, lines) as Members;
  addExpressMembers(request);
  setProxyTrust(request, trust === undefined ? undefined : proxyTrust(trust));
  return request;
}

type Trust = Parameters<typeof proxyTrust>[0];

/** The same request as Express would make it. */
function ofExpress(url: string, lines: HeaderLines, trust: Trust): Members {
  const app = express();
  app.set('trust proxy', trust);
  const request = upgradeRequest(url, lines);
  Object.assign(Object.setPrototypeOf(request, express.request) as object, { app });
  return request as Members;
}

function from(address: string, request: Members): Members {
  Object.defineProperty(request.socket, 'remoteAddress', { value: address });
  return request;
}

const questions: Readonly<Record<string, (request: Request) => unknown>> = {
  ip: ({ ip }) => ip,
  ips: ({ ips }) => ips,
  protocol: ({ protocol }) => protocol,
  secure: ({ secure }) => secure,
  host: ({ host }) => host,
  hostname: ({ hostname }) => hostname,
  subdomains: ({ subdomains }) => subdomains,
  path: ({ path }) => path,
  xhr: ({ xhr }) => xhr,
  get: (request) => [request.get('Referrer'), request.get('REFERER'), request.get('x-none')],
  header: (request) => request.header('Host'),
  is: (request) => [request.is('json'), request.is(['text/*', 'json'])],
  accepts: (request) => [request.accepts('html', 'json'), request.accepts()],
  acceptsLanguages: (request) => request.acceptsLanguages('de', 'en'),
  acceptsEncodings: (request) => request.acceptsEncodings('br', 'gzip'),
  acceptsCharsets: (request) => request.acceptsCharsets('utf-8'),
};

const linesOfRequests: Readonly<Record<string, HeaderLines>> = {
  nothing: [],
  'an address': [['X-Forwarded-For', '203.0.113.9']],
  'two addresses': [['X-Forwarded-For', '203.0.113.9, 198.51.100.7']],
  'IPv6 with a port': [['X-Forwarded-For', '[2001:db8:1::1]:51234']],
  'a protocol': [['X-Forwarded-Proto', 'https']],
  'two protocols': [['X-Forwarded-Proto', ' https , http']],
  'an empty protocol': [['X-Forwarded-Proto', '']],
  'a host': [['X-Forwarded-Host', 'a.b.example.com:81']],
  'two hosts': [['X-Forwarded-Host', '[::1]:81 , b']],
  'an empty host': [['X-Forwarded-Host', '']],
  'an address as host': [['X-Forwarded-Host', '192.0.2.1']],
  referrer: [['Referrer', 'a']],
  referer: [['Referer', 'b']],
  json: [
    ['Content-Type', 'application/json'],
    ['Content-Length', '0'],
  ],
  'what is accepted': [
    ['Accept', 'application/json;q=0.5, text/html'],
    ['Accept-Language', 'en;q=0.8, de'],
    ['Accept-Encoding', 'gzip'],
    ['Accept-Charset', 'iso-8859-1'],
  ],
  xhr: [['X-Requested-With', 'xmlHttpRequest']],
};

const trusts: readonly Trust[] = [
  false,
  true,
  0,
  1,
  2,
  'loopback',
  '192.0.2.0/24, 198.51.100.7',
  (address) => address === '192.0.2.1',
];

describe('addExpressMembers', () => {
  describe.each(trusts)('with trustProxy: %s', (trust) => {
    it.each(Object.entries(linesOfRequests))(
      'K5a: answers what Express answers to a request with %s',
      (_what, lines) => {
        for (const address of ['192.0.2.1', '127.0.0.1', '2001:db8::1']) {
          const request = from(address, withMembers('/ws?a=1', lines, trust));
          const expected = from(address, ofExpress('/ws?a=1', lines, trust));
          for (const [name, ask] of Object.entries(questions)) {
            expect(ask(request as never), name).toEqual(ask(expected as never));
          }
        }
      },
    );
  });

  it('K5a: knows an encrypted connection', () => {
    const request = withMembers('/');
    Object.assign(request.socket, { encrypted: true });
    expect(request).toMatchObject({ protocol: 'https', secure: true, baseUrl: '' });
  });

  it.each(['unknown', 'garbage', '_hidden', '999.1.1.1', ''])(
    'K5a, K4c: answers no address for X-Forwarded-For: %j, which would be equal for several clients',
    (address) => {
      const request = withMembers('/', [['X-Forwarded-For', address]], true);
      expect(request['ip']).toBeUndefined();
      expect(request['ips']).toEqual([]);
    },
  );

  it('K5a: believes no proxy if no option names the trusted ones', () => {
    const request = withMembers('/', [
      ['X-Forwarded-For', '198.51.100.7'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
    ]);
    expect(request).toMatchObject({ protocol: 'http', secure: false, hostname: 'gateway.example' });
    expect(request['ips']).toEqual([]);
  });

  it.each([
    ['/ws', '/ws'],
    ['/ws?a=/b', '/ws'],
    ['http://gateway.example/ws?a', '/ws'],
    ['http://gateway.example', '/'],
    ['http://gateway.example?a', '/'],
  ])('K5a: answers the path of %s', (url, path) => {
    expect(withMembers(url)['path']).toBe(path);
  });

  it('K5a: has no host without the header field, as a message over HTTP/1.0', () => {
    const request = new IncomingMessage(new Socket()) as Members;
    addExpressMembers(request);
    expect(request['host']).toBeUndefined();
    expect(request['hostname']).toBeUndefined();
    expect(request['subdomains']).toEqual([]);
  });

  it.each([undefined, '', 7])('K5a: get(%j) throws a TypeError, as in Express', (name) => {
    expect(() => withMembers('/').get(name)).toThrow(TypeError);
  });

  it('K5a: keeps what an earlier listener has put on the request', () => {
    const request = Object.assign(upgradeRequest('/ws'), { ip: 'mine', get: () => 'own' });
    addExpressMembers(request);
    expect(request.ip).toBe('mine');
    expect(request.get()).toBe('own');
  });

  it('K5a: lets middleware assign to a member, for this request alone', () => {
    const changed = withMembers('/ws');
    Object.assign(changed, { ip: '192.0.2.9', cookies: { a: '1' } });
    expect(changed).toMatchObject({ ip: '192.0.2.9', cookies: { a: '1' } });
    expect(withMembers('/ws')['cookies']).toEqual({});
  });

  it('K5a: parses what depends on the request once', () => {
    const request = withMembers('/ws', [['Cookie', 'a=1']]);
    expect(request['cookies']).toBe(request['cookies']);
    expect(request['params']).toBe(request['params']);
  });
});

describe('parseCookies', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1; a=2', { a: '1' }],
    ['a="quoted"', { a: 'quoted' }],
    ['a=%C3%A9', { a: 'é' }],
    ['a=%ff', { a: '%ff' }],
    ['a=j:{"b":1}', { a: 'j:{"b":1}' }],
    ['__proto__=x', { ['__proto__']: 'x' }],
  ])('K5a: parses %j as cookie-parser does', (header, cookies) => {
    const parsed = parseCookies(header);
    expect(Object.entries(parsed)).toEqual(Object.entries(cookies));
    expect(parsed['toString']).toBeUndefined();
  });
});

it('K5a: gives a request without middleware one application and one response', () => {
  const request = withMembers('/ws');
  const { app, res } = request as unknown as {
    app: { get(name: string): unknown };
    res: { headersSent: boolean };
  };
  expect(app.get('env')).toBe(express().get('env'));
  expect(res.headersSent).toBe(false);
  expect(request['app']).toBe(app);
  expect(request['res']).toBe(res);
});
