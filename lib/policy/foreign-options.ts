const ofStrategy = 'it belongs to the strategy, in super({ … }) of its class';
const ofGateway = 'it belongs to @WebSocketGateway({ … })';
const ofAsync = 'use WsAuthModule.forRootAsync({ useFactory }) for options that are made later';
const ofFactory = 'return the options themselves, and not WsAuthModule.forRoot() or another module';

/** Options that developers know from neighbouring packages, and where they belong. */
const advice: ReadonlyMap<string, string> = new Map([
  ['secret', `${ofStrategy}, as secretOrKey`],
  ['jwtSecret', `${ofStrategy}, as secretOrKey`],
  ['secretOrKey', ofStrategy],
  ['secretOrKeyProvider', ofStrategy],
  ['publicKey', `${ofStrategy}, as secretOrKey`],
  ['ignoreExpiration', ofStrategy],
  ['issuer', ofStrategy],
  ['audience', ofStrategy],
  ['signOptions', 'it belongs to JwtModule, which issues the tokens'],
  ['expiresIn', 'it belongs to JwtModule, which issues the tokens'],
  ['jwtFromRequest', `${ofStrategy}; credentials names where tokens are read here`],
  ['extractors', 'it is called credentials here'],
  ['defaultStrategy', 'did you mean strategy?'],
  ['cors', 'name the pages in allowedOrigins'],
  ['origin', 'name the pages in allowedOrigins'],
  ['path', ofGateway],
  ['port', ofGateway],
  ['namespace', ofGateway],
  ['maxPayload', ofGateway],
  ['perMessageDeflate', ofGateway],
  ['guards', 'put @UseGuards() on gateways and handlers'],
  ['session', "pass express-session as middleware, and strategy: 'session'"],
  ['isGlobal', 'leave it out, since it is global'],
  ['global', 'leave it out, since it is global'],
  ['imports', ofAsync],
  ['inject', ofAsync],
  ['useFactory', ofAsync],
  ['useClass', ofAsync],
  ['useExisting', ofAsync],
  ['module', ofFactory],
]);

/** Where an option of another package belongs; `undefined` for a name that is merely misspelt. */
export function adviceForForeign(name: string): string | undefined {
  return advice.get(name);
}
