import { IdentityProvider } from './identity-provider.js';

const { issuer } = await IdentityProvider.start(Number(process.env['PORT'] ?? 8080));
console.log(`ISSUER=${issuer}`);
