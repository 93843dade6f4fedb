/** Whether an object has members of its own, or of a derived class, instead of those of a class. */
export function overrides<Class extends object>(
  object: Class,
  prototype: Class,
  ...members: readonly (keyof Class)[]
): boolean {
  return members.some((member) => object[member] !== prototype[member]);
}
