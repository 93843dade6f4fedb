const identifier = /^[A-Za-z_$][\w$]{0,63}$/;
const fieldName = /^[A-Za-z_$][\w$.-]{0,31}$/;
const errorName = /(?:Error|Exception)$/;
const maxFields = 10;

/**
 * Name of an error, or of another object that a strategy gave as its reason: `TokenExpiredError`. Only a name that looks like one in
 * a program is returned, since the application chooses it, and `undefined` for everything without one.
 */
export function nameOfReason(reason: unknown): string | undefined {
  try {
    return named(reason);
  } catch {
    return undefined;
  }
}

function named(reason: unknown): string | undefined {
  if (typeof reason !== 'object' || reason === null) {
    return undefined;
  }
  const { name, constructor: made } = reason as { name?: unknown; constructor?: unknown };
  const isError = reason instanceof Error;
  const ofClass = typeof made === 'function' && isError ? made.name : undefined;
  const names = name === 'Error' ? [ofClass, name] : [name, ofClass];
  return names.find((each) => isNameOf(each, isError)) as string | undefined;
}

/** The `name` of another object may be that of a user, so only the name of an error or of a refusal counts. */
function isNameOf(name: unknown, isError: boolean): boolean {
  return (
    typeof name === 'string' &&
    identifier.test(name) &&
    digitsIn(name) <= 2 &&
    (isError || errorName.test(name))
  );
}

/**
 * Names of the fields of a message, for the log. A client may put its token where a name belongs, so names that could be one are
 * left out: long ones, and those with more than two digits.
 */
export function safeFieldNames(message: object): readonly string[] {
  const names = Object.keys(message);
  const safe = names.slice(0, maxFields).map((name) => (isFieldName(name) ? name : '?'));
  return names.length > maxFields ? [...safe, '...'] : safe;
}

function isFieldName(name: string): boolean {
  return fieldName.test(name) && digitsIn(name) <= 2;
}

function digitsIn(name: string): number {
  return name.replace(/\D/g, '').length;
}
