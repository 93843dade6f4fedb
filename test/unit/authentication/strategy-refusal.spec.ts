import { inspect } from 'node:util';
import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import {
  refusalOfAnswer,
  refusalOfError,
  refusalOfFailures,
  type Failure,
} from '../../../lib/authentication/strategy-refusal.js';

const said = { strategy: 'jwt', answer: 'failed' };
const says = (challenge: unknown, status?: unknown): Failure => ({ challenge, status, said });
const redirects: Failure = { ...says(undefined), redirects: true };
const outage = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
const scope = 'Bearer error="insufficient_scope"';

// Each code has one status, which `test/readme/tables.spec.ts` holds.
const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';
const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const redirected = 'ERR_WS_AUTH_REDIRECTED';
const notPermitted = 'ERR_WS_AUTH_NOT_PERMITTED';
const tooMany = 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS';
const unavailable = 'ERR_WS_AUTH_UNAVAILABLE';
const failed = 'ERR_WS_AUTH_STRATEGY_FAILED';

const noRefusals = [999, 200, 101, 302, 404, 600, -401, 401.5, Number.NaN, Infinity];
const noNumbers = ['401', '403', [401, 403], null, {}, true];

describe('refusalOfFailures', () => {
  it.each<[string, readonly Failure[], string]>([
    ['no strategy at all', [], rejected],
    ['a failure without a status', [says(undefined)], rejected],
    ['400', [says(undefined, 400)], malformed],
    ['401', [says(undefined, 401)], rejected],
    ['403', [says(undefined, 403)], notPermitted],
    ['429', [says(undefined, 429)], tooMany],
    ['503', [says(undefined, 503)], unavailable],
    ['a redirect', [redirects], redirected],
    ['a redirect after a failure', [says('x'), redirects], redirected],
    ['a redirect and a 403', [redirects, says(undefined, 403)], notPermitted],
    ['AH-09: insufficient_scope', [says(scope)], notPermitted],
    ['AH-09: insufficient_scope with 401', [says(scope, 401)], rejected],
    ['AH-07: invalid_token', [says('Bearer error="invalid_token"')], rejected],
    ['the first status of several', [says('x'), says('', 403), says('', 429)], notPermitted],
    ['ST-15: 500, as of passport-ldapauth', [says(new Error('down'), 500)], failed],
    ['ST-15: 502', [says(undefined, 502)], failed],
    ['ST-15: a key server that is down, after a failure', [says('x'), says(outage)], unavailable],
    ['ST-15: the same with 401', [says(outage, 401)], rejected],
    ...[...noRefusals, ...noNumbers].map((status): [string, Failure[], string] => [
      `ST-15: the status ${inspect(status)}`,
      [says('x', status)],
      rejected,
    ]),
  ])('makes of %s', (_what, failures, code) => {
    expect(refusalOfFailures(failures)).toMatchObject({ code });
  });
});

it('ST-15: keeps the error of an outage for the operator', () => {
  expect(refusalOfFailures([says(outage)])).toMatchObject({ cause: outage });
  expect(refusalOfFailures([says('x', 500)])).toMatchObject({ cause: undefined });
});

describe('refusalOfAnswer', () => {
  it.each([
    [200, rejected],
    [204, rejected],
    [302, rejected],
    [400, malformed],
    [401, rejected],
    [402, rejected],
    [403, notPermitted],
    [404, 'ERR_WS_AUTH_UNKNOWN_PATH'],
    [418, rejected],
    [429, tooMany],
    [500, failed],
    [502, failed],
    [503, unavailable],
  ])('K5b: makes of the status %d of a middleware %s', (status, code) => {
    const answer = { status, redirects: false, retryAfterSeconds: undefined, challenges: [] };
    expect(refusalOfAnswer(answer, 'limiter')).toMatchObject({
      code,
      cause: undefined,
      diagnosis: { check: 'middleware', middleware: 'limiter', status },
    });
  });

  it('K5b: keeps the time after which to try again', () => {
    const answer = { status: 429, redirects: false, retryAfterSeconds: 42, challenges: [] };
    expect(refusalOfAnswer(answer, 'limiter')).toMatchObject({ retryAfterSeconds: 42 });
  });

  it('K5b: names the way out where the middleware calls redirect()', () => {
    const answer = { status: 302, redirects: true, retryAfterSeconds: undefined, challenges: [] };
    expect(refusalOfAnswer(answer, 'limiter')).toMatchObject({ code: 'ERR_WS_AUTH_REDIRECTED' });
  });
});

const errorWith = (status: object) => Object.assign(new Error('x'), status);

describe('refusalOfError', () => {
  it('refuses with 500 for a promise, and handles its rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    expect(refusalOfError(Promise.reject(new Error('late')))).toMatchObject({ httpStatus: 500 });
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  class BannedException extends WsException {}
  class RpcException extends Error {
    getError(): string {
      return 'no';
    }
  }

  it.each<[unknown, string]>([
    [new BadRequestException(), malformed],
    [new UnauthorizedException(), rejected],
    [new ForbiddenException(), notPermitted],
    [new HttpException('slow down', 429), tooMany],
    [new ServiceUnavailableException(), unavailable],
    [new InternalServerErrorException(), failed],
    [new HttpException('what', 999), failed],
    [new HttpException('ok', 200), failed],
    [new Error('down'), failed],
    [errorWith({ status: 401 }), failed],
    [{ getStatus: 401 }, failed],
    [{ getStatus: () => '401' }, failed],
    ['down', failed],
    [undefined, failed],
    [null, failed],
  ])('makes of %s the refusal %s', (error, code) => {
    expect(refusalOfError(error)).toMatchObject({ code, cause: error });
  });

  it.each<[string, unknown, string]>([
    ['a 402', new HttpException('pay', 402), rejected],
    ['a 404', new NotFoundException(), rejected],
    ['a 418', new HttpException('tea', 418), rejected],
    ['a 499', new HttpException('x', 499), rejected],
    ['a 502', new HttpException('x', 502), failed],
    ['a WsException', new WsException('no'), rejected],
    ['an empty WsException', new WsException(''), rejected],
    ['one of its subclasses', new BannedException('no'), rejected],
    ['a WsException of 403', new WsException({ status: 403 }), notPermitted],
    ['a WsException of 429', new WsException({ statusCode: 429 }), tooMany],
    ['a WsException of 500', new WsException({ status: 500 }), rejected],
    ['a WsException of "error"', new WsException({ status: 'error' }), rejected],
    ['http-errors of 402', errorWith({ status: 402, statusCode: 402 }), rejected],
    ['http-errors of 403', errorWith({ statusCode: 403 }), notPermitted],
    ['http-errors of 500', errorWith({ statusCode: 500 }), failed],
    ['no error', { statusCode: 403 }, failed],
    ['another getError()', new RpcException('no'), failed],
    ['no prototype', Object.create(null), failed],
  ])('K5d: makes of %s a no, or a failure', (_what, error, code) => {
    expect(refusalOfError(error)).toMatchObject({ code, cause: error });
  });

  it('copes with an error that throws when it is asked', () => {
    const hostile = {
      getStatus() {
        throw new Error('hostile');
      },
    };
    expect(refusalOfError(hostile)).toMatchObject({
      code: 'ERR_WS_AUTH_STRATEGY_FAILED',
      cause: hostile,
    });
  });
});
