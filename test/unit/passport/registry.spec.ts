import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { registryOf } from '../../../lib/passport/registry.js';

describe('registryOf', () => {
  it('returns the registry of the installed passport', () => {
    expect(registryOf(passport)._strategy('nothing of that name')).toBeUndefined();
  });

  it.each([[{}], [{ _strategy: undefined }], [{ _strategies: {} }]])(
    'K12a: refuses to boot with a passport such as %j, and names the fix',
    (later) => {
      expect(() => registryOf(later)).toThrow(WsAuthConfigurationError);
      expect(() => registryOf(later)).toThrow(/install passport@0\.7$/);
    },
  );
});
