/**
 * All values of one cookie. Parsers that build an object keep one of two equal names, and which one is an accident;
 * both are needed here to find a duplicate.
 */
export function cookieValues(header: string, name: string): string[] {
  if (!header.includes(name)) {
    return [];
  }
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) {
      values.push(unquote(pair.slice(equals + 1).trim()));
    }
  }
  return values;
}

/** Replaces the values of the named cookies, or of all. */
export function redactCookies(
  header: string,
  names: readonly string[] | 'all',
  replacement: string,
): string {
  return header
    .split(';')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals === -1) {
        // A cookie without a name is all value.
        return names === 'all' ? ` ${replacement}` : pair;
      }
      const name = pair.slice(0, equals).trim();
      return names === 'all' || names.includes(name) ? ` ${name}=${replacement}` : pair;
    })
    .join(';')
    .trim();
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1)
    : value;
}
