/** The fix where one copy of the package is given what another one has made: neither knows the classes of the other. */
export const anotherCopy =
  'npm ls nestjs-ws-auth shows two copies of the package, which do not know each other; install one';
