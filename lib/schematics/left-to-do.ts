/** What the developer has to do next, one step a line. */
export const leftToDo: readonly string[] = [
  "Provide a Passport strategy with the name 'jwt' in the root module, or change the name in forRoot(). The README of nestjs-ws-auth has one to paste.",
  'Set the secret or the key of the strategy, such as JWT_SECRET in the README.',
  'Mark gateways that every client may use with @WsPublic(): WsAuthModule protects all others.',
];
