/**
 * A variable of the environment that must be set: without an audience, jsonwebtoken accepts tokens
 * that were issued for other applications.
 *
 * @throws {Error} that names the variable
 */
export function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set`);
  }
  return value;
}
