/** A request, as Passport sees it. */
interface PassportRequest {
  /** Set by `passport.initialize({ userProperty })`. */
  readonly _userProperty?: string;
}

type Done = (error?: unknown) => void;

/**
 * The methods that Passport adds to a request before it runs a strategy.
 *
 * `logIn()` and `logout()` change the user of this request alone. Passport would begin or end an HTTP session as well. No cookie
 * leaves with an upgrade, so its client would lose the session that it has.
 */
export const passportMethods = {
  login: logIn,
  logIn,
  logout: logOut,
  logOut,
  isAuthenticated(this: object): boolean {
    return Boolean(userOf(this));
  },
  isUnauthenticated(this: object): boolean {
    return !userOf(this);
  },
};

function logIn(this: object, user: unknown, ...rest: readonly unknown[]): void {
  Object.assign(this, { [propertyOf(this)]: user });
  callDone(rest);
}

function logOut(this: object, ...rest: readonly unknown[]): void {
  Object.assign(this, { [propertyOf(this)]: null });
  callDone(rest);
}

function userOf(request: object): unknown {
  return (request as Record<string, unknown>)[propertyOf(request)];
}

function propertyOf(request: object): string {
  const { _userProperty: property = 'user' } = request as PassportRequest;
  return property;
}

/** The callback comes last, after options or without them. */
function callDone(args: readonly unknown[]): void {
  const last = args.at(-1);
  if (typeof last === 'function') {
    (last as Done)();
  }
}
