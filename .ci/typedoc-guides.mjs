import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { pictureOf } from './diagram.mjs';

// Names guides and entries of the package in the sidebar of the documentation, and shows diagrams.

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

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

/** What applications import, by its source: `nestjs-ws-auth/socket.io` for `lib/socket-io`. */
const entries = Object.fromEntries(
  Object.entries(manifest.exports)
    .filter(([, { types }]) => types)
    .map(([entry, { types }]) => [
      types.replace(/^\.\/dist\/|(?:\/index)?\.d\.ts$/g, ''),
      manifest.name + entry.slice(1),
    ]),
);

/** Sources are linked without asking git, which has no remote in some checkouts. */
function sourceLinks() {
  const { repository } = manifest;
  return repository.url.replace(/^git\+|\.git$/g, '') + '/blob/main/{path}#L{line}';
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => {
    app.options.setValue('sourceLinkTemplate', sourceLinks());
  });
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const file = basename(document.name);
    document.frontmatter.group = ofProject.has(file) ? 'Project' : 'Guides';
    document.name = names[file] ?? sentence(file);
    document.content = document.content.map(drawn);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // The page has the name of the package as its title already.
    const [first] = project.readme ?? [];
    if (first) first.text = first.text.replace(/^# .*\n/, '');
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      module.name = entries[module.name] ?? module.name;
    }
  });
}

/** A diagram of mermaid becomes its picture. Everything else stays as it is. */
function drawn(part) {
  const [, diagram] = /^```mermaid\n([\s\S]*)```$/.exec(part.text) ?? [];
  return diagram ? { kind: 'text', text: figureOf(diagram) } : part;
}

function figureOf(diagram) {
  try {
    return `<figure class="diagram">${readFileSync(pictureOf(diagram), 'utf8').trim()}</figure>`;
  } catch (cause) {
    throw new Error('a diagram has changed: draw it with npm run diagrams', { cause });
  }
}

function sentence(file) {
  const words = file.replaceAll('-', ' ');
  return words[0].toUpperCase() + words.slice(1);
}
