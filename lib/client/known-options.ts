/**
 * Refuses a misspelt option: it would have no effect, and the caller would rely on it.
 *
 * @param path prefix of the names in the message, such as `events.`
 * @throws {TypeError} that names the option and the one that was probably meant.
 */
export function demandKnown(known: readonly string[], options?: object, path = ''): void {
  for (const name in options) {
    if (!known.includes(name)) {
      const meant = known.find((each) => isNear(name, each)) ?? known.join();
      throw new TypeError(`${path}${name}: unknown option; did you mean ${meant}?`);
    }
  }
}

/**
 * Refuses misspelt options of a way, and texts that none of them takes, as the extractors of the gateway do.
 *
 * @param expected what each option has to match, if it is given
 * @throws {TypeError} that names the option.
 */
export function demandTexts(expected: Readonly<Record<string, RegExp>>, options: object): void {
  demandKnown(Object.keys(expected), options);
  for (const name in expected) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !(typeof value === 'string' && expected[name]!.test(value))) {
      throw new TypeError(`${name}: expected ${expected[name]}`);
    }
  }
}

/** Whether the names differ by up to two neighbouring characters. An edit distance would take a page four times the bytes. */
function isNear(given: string, name: string): boolean {
  const isAlike = (at: number) =>
    given.startsWith(name.slice(0, at)) && given.endsWith(name.slice(at + 2));
  return given.length < name.length + 2 && name.split('').some((_, at) => isAlike(at));
}
