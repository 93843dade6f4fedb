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

describe('refusalOfFailures', () => {
  it.each<[string, readonly Failure[], string, number]>([
    ['no strategy at all', [], 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a failure without a status', [says(undefined)], 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['400', [says(undefined, 400)], 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', 400],
    ['401', [says(undefined, 401)], 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['403', [says(undefined, 403)], 'ERR_WS_AUTH_NOT_PERMITTED', 403],
    ['429', [says(undefined, 429)], 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS', 429],
    ['503', [says(undefined, 503)], 'ERR_WS_AUTH_UNAVAILABLE', 503],
    ['a redirect', [redirects], 'ERR_WS_AUTH_REDIRECTED', 401],
    ['a redirect after a failure', [says('x'), redirects], 'ERR_WS_AUTH_REDIRECTED', 401],
    ['a redirect and a 403', [redirects, says(undefined, 403)], 'ERR_WS_AUTH_NOT_PERMITTED', 403],
    [
      'AH-09: insufficient_scope',
      [says('Bearer error="insufficient_scope"')],
      'ERR_WS_AUTH_NOT_PERMITTED',
      403,
    ],
    [
      'AH-09: insufficient_scope with 401',
      [says('Bearer error="insufficient_scope"', 401)],
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ],
    [
      'AH-07: invalid_token',
      [says('Bearer error="invalid_token"')],
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ],
    [
      'the first of several that names a status',
      [says('x'), says(undefined, 403), says(undefined, 429)],
      'ERR_WS_AUTH_NOT_PERMITTED',
      403,
    ],
    ...[
      999,
      200,
      101,
      302,
      404,
      500,
      -401,
      401.5,
      Number.NaN,
      Infinity,
      '401',
      '403',
      [401, 403],
      null,
      {},
      true,
    ].map((status): [string, readonly Failure[], string, number] => [
      `ST-15: the status ${inspect(status)}`,
      [says('x', status)],
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ]),
  ])('makes of %s', (_what, failures, code, httpStatus) => {
    expect(refusalOfFailures(failures)).toMatchObject({ code, httpStatus });
  });
});

describe('refusalOfAnswer', () => {
  it.each([
    [200, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [204, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [302, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [400, 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', 400],
    [401, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [402, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [403, 'ERR_WS_AUTH_NOT_PERMITTED', 403],
    [404, 'ERR_WS_AUTH_UNKNOWN_PATH', 404],
    [418, 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [429, 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS', 429],
    [500, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [502, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [503, 'ERR_WS_AUTH_UNAVAILABLE', 503],
  ])('K5b: makes of the status %d of a middleware %s', (status, code, httpStatus) => {
    const answer = { status, redirects: false, retryAfterSeconds: undefined, challenges: [] };
    expect(refusalOfAnswer(answer, 'limiter')).toMatchObject({
      code,
      httpStatus,
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

describe('refusalOfError', () => {
  it('refuses with 500 for a promise, and handles its rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    expect(refusalOfError(Promise.reject(new Error('late')))).toMatchObject({ httpStatus: 500 });
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each<[unknown, string, number]>([
    [new BadRequestException(), 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', 400],
    [new UnauthorizedException(), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    [new ForbiddenException(), 'ERR_WS_AUTH_NOT_PERMITTED', 403],
    [new HttpException('slow down', 429), 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS', 429],
    [new ServiceUnavailableException(), 'ERR_WS_AUTH_UNAVAILABLE', 503],
    [new InternalServerErrorException(), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [new HttpException('what', 999), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [new HttpException('ok', 200), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [new Error('down'), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [Object.assign(new Error('x'), { status: 401 }), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [{ getStatus: 401 }, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [{ getStatus: () => '401' }, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    ['down', 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [undefined, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    [null, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
  ])('makes of %s the refusal %s', (error, code, httpStatus) => {
    expect(refusalOfError(error)).toMatchObject({ code, httpStatus, cause: error });
  });

  class BannedException extends WsException {}
  class RpcException extends Error {
    getError(): string {
      return 'no';
    }
  }

  it.each<[string, unknown, string, number]>([
    ['a 402', new HttpException('pay', 402), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a 404', new NotFoundException(), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a 418', new HttpException('tea', 418), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a 499', new HttpException('x', 499), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a 502', new HttpException('x', 502), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    ['a WsException', new WsException('no'), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['an empty WsException', new WsException(''), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['one of its subclasses', new BannedException('no'), 'ERR_WS_AUTH_CREDENTIAL_REJECTED', 401],
    ['a WsException of 403', new WsException({ status: 403 }), 'ERR_WS_AUTH_NOT_PERMITTED', 403],
    [
      'a WsException of 429',
      new WsException({ statusCode: 429 }),
      'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
      429,
    ],
    [
      'a WsException of 500',
      new WsException({ status: 500 }),
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ],
    [
      'a WsException of "error"',
      new WsException({ status: 'error' }),
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ],
    [
      'http-errors of 402',
      Object.assign(new Error('x'), { status: 402, statusCode: 402 }),
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      401,
    ],
    [
      'http-errors of 403',
      Object.assign(new Error('x'), { statusCode: 403 }),
      'ERR_WS_AUTH_NOT_PERMITTED',
      403,
    ],
    [
      'http-errors of 500',
      Object.assign(new Error('x'), { statusCode: 500 }),
      'ERR_WS_AUTH_STRATEGY_FAILED',
      500,
    ],
    ['no error', { statusCode: 403 }, 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    ['another getError()', new RpcException('no'), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
    ['no prototype', Object.create(null), 'ERR_WS_AUTH_STRATEGY_FAILED', 500],
  ])('K5d: makes of %s a no, or a failure', (_what, error, code, httpStatus) => {
    expect(refusalOfError(error)).toMatchObject({ code, httpStatus, cause: error });
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
