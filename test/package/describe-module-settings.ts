import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import type { NestMajor } from './matrix.js';
import type { Stack } from './stack.js';

const { exports } = JSON.parse(rootFile('package.json')) as { exports: Record<string, unknown> };

/** Imports every entry point but that of the platform which is not installed, and reads something from its types. */
const source = Object.keys(exports)
  .filter((entry) => !entry.endsWith('.json') && entry !== './socket.io')
  .map((entry) => entry.replace('.', 'nestjs-ws-auth'))
  .map(
    (specifier, index) =>
      `import * as entry${index} from '${specifier}';\nexport { entry${index} };`,
  )
  .join('\n');

/** Without it nothing loads the entry that is for OpenTelemetry. With Nest 12, what is loaded without it is tested. */
export function packagesOfSettings(nest: NestMajor): string[] {
  return nest === 11 ? ['@opentelemetry/api'] : [];
}

/** Compiles a CommonJS application with one setting of `module` after the other. */
export function describeModuleSettings(stackOf: () => Stack): void {
  const compile = async (module: string) => {
    const { consumer } = stackOf();
    const folder = `settings-${module}`;
    await consumer.write(`${folder}/package.json`, JSON.stringify({ type: 'commonjs' }));
    await consumer.write(`${folder}/src/main.ts`, source);
    const node10 = { moduleResolution: 'node10', ignoreDeprecations: '6.0' };
    await consumer.compileProject(folder, {
      skipLibCheck: true,
      module,
      ...(module === 'commonjs' && node10),
    });
    return `./${folder}/dist/main.js`;
  };

  describe('in a CommonJS application', () => {
    it.each(['nodenext', 'node20', 'commonjs'])(
      'has types for every entry point with module: %s, and is loaded by require()',
      async (module) => {
        const main = await compile(module);
        const script = `console.log(Object.keys((await import('${main}')).default.entry0).join())`;
        expect(await stackOf().consumer.evaluate(script)).toContain('WsAuthModule');
      },
    );

    it('has types with module: node16 only where everything is an ES module', async () => {
      await expect(compile('node16')).rejects.toThrow('TS1479');
    });
  });
}
