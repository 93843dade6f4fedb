/** The implementation of `ws` that is in use, with its version: `ws 8.23.0`, or a runtime that brings its own. */
export async function nameOfWs(): Promise<string> {
  const { bun } = process.versions;
  if (bun !== undefined) {
    return `Bun ${bun}, whose ws is its own`;
  }
  try {
    const manifest = 'ws/package.json';
    const { default: json } = (await import(manifest, { with: { type: 'json' } })) as {
      readonly default: { readonly version: string };
    };
    return `ws ${json.version}`;
  } catch {
    return 'the installed ws';
  }
}
