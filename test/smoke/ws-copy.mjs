// Has `import 'ws'` resolve to the copy that WS_COPY names: `node --import ./ws-copy.mjs server.js`.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  register(import.meta.url);
}

const folder = pathToFileURL(`${process.env['WS_COPY']}/`);

export function resolve(specifier, context, next) {
  if (specifier === 'ws') {
    return next(new URL('wrapper.mjs', folder).href, context);
  }
  return specifier.startsWith('ws/')
    ? next(new URL(specifier.slice(3), folder).href, context)
    : next(specifier, context);
}
