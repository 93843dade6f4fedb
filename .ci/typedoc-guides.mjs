import { basename } from 'node:path';
import { Converter } from 'typedoc';

// Names the guides in the sidebar of the documentation, and puts them before the reference.

/** Names that are not those of the files. */
const names = {
  faq: 'FAQ',
  graphql: 'GraphQL',
  'socket-io': 'Socket.IO',
  'socket-io-middleware': 'Socket.IO middleware',
  react: 'React',
  PROTOCOL: 'Protocol',
  SECURITY: 'Security',
  CONTRIBUTING: 'Contributing',
  CHANGELOG: 'Changelog',
  RESULTS: 'Benchmark',
};

const ofProject = new Set(['PROTOCOL', 'SECURITY', 'CONTRIBUTING', 'CHANGELOG', 'RESULTS']);

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const file = basename(document.name);
    document.frontmatter.group = ofProject.has(file) ? 'Project' : 'Guides';
    document.name = names[file] ?? sentence(file);
  });
}

function sentence(file) {
  const words = file.replaceAll('-', ' ');
  return words[0].toUpperCase() + words.slice(1);
}
