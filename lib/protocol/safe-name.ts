const identifier = /^[A-Za-z_$][\w$]{0,63}$/;
const fieldName = /^[A-Za-z_$][\w$.-]{0,31}$/;
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
  const ofClass = typeof made === 'function' && reason instanceof Error ? made.name : undefined;
  const names = name === 'Error' ? [ofClass, name] : [name, ofClass];
  return names.find((each): each is string => typeof each === 'string' && identifier.test(each));
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
  return fieldName.test(name) && name.replace(/\D/g, '').length <= 2;
}
