import { Credential } from '../credentials/credential.js';
import type { Strategy } from './strategy.js';
import { basicAuthorization, type StrategyRequest } from './strategy-request.js';

/** A strategy that keeps its verify function where every strategy of Passport's author does. */
interface VerifyingStrategy extends Strategy {
  _verify(...args: unknown[]): unknown;
}

/** Stands for a colon while a strategy splits `user:password`: a noncharacter, which no password holds. */
const colonStandIn = '\uFDD0';

/**
 * Lets a strategy verify passwords that contain a colon.
 *
 * `passport-http` splits Basic credentials at every colon and verifies the second piece, so that `pa:ss` is checked as
 * `pa`. For such a password the strategy is shown one without colons, and the verify function of this run puts them
 * back, so that the application's `validate()` receives what the user typed. Strategies without `_verify`, and passwords
 * without a colon, see the header as it is.
 */
export function withWholePassword(
  strategy: Strategy,
  credential: Credential,
  request: StrategyRequest,
): Strategy {
  const { content } = credential;
  if (content.scheme !== 'Basic' || !content.password.includes(':') || !verifies(strategy)) {
    return strategy;
  }
  const { username, password } = content;
  const shown = password.replaceAll(':', colonStandIn);
  const whole = request.headers.authorization;
  request.headers.authorization = basicAuthorization(username, shown);
  return Object.create(strategy, {
    _verify: {
      // A run may put an observer in its place, and finds it among the callbacks.
      writable: true,
      enumerable: true,
      value(...args: unknown[]) {
        request.headers.authorization = whole;
        // The password stands before the callback, whether or not the request comes first.
        const restored = args.map((argument, index) =>
          index === args.length - 2 && argument === shown ? password : argument,
        );
        return strategy._verify.apply(this, restored);
      },
    },
  }) as Strategy;
}

function verifies(strategy: Strategy): strategy is VerifyingStrategy {
  return typeof (strategy as Partial<VerifyingStrategy>)._verify === 'function';
}
