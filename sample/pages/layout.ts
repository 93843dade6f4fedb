import { html, type Html } from './html.js';

/** What is different from page to page; the rest is in {@link layout}. */
export interface Page {
  readonly title: string;
  readonly styles: readonly string[];
  readonly script?: string;
  /** Which of the two pages of a user this is; the others have no navigation. */
  readonly place?: Place;
  readonly body: Html;
}

/** Where a user is. */
export interface Place {
  readonly user: string;
  readonly path: '/' | '/sessions';
}

const destinations = [
  { path: '/', name: 'The experiment' },
  { path: '/sessions', name: 'Sessions' },
] as const;

/** Builds the address of a page of the sample. */
export function addressOf(path: string, query: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(query).toString()}`;
}

function navigation(place: Place | undefined): Html {
  if (!place) return html`<span class="masthead-note">The experiment</span>`;
  const links = destinations.map(({ path, name }) => {
    const href = addressOf(path, { user: place.user });
    return path === place.path
      ? html`<a href="${href}" aria-current="page">${name}</a>`
      : html`<a href="${href}">${name}</a>`;
  });
  return html`<nav class="masthead-nav" aria-label="Pages">${links}</nav>`;
}

/** What every page of the sample has in common. */
export function layout(page: Page): string {
  const styles = ['/style.css', ...page.styles].map(
    (style) => html`<link rel="stylesheet" href="${style}" />`,
  );
  const script = page.script ? html`<script type="module" src="${page.script}"></script>` : html``;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        ${styles} ${script}
      </head>
      <body>
        <header class="masthead">
          <a class="brand" href="/">
            <img src="/icon.svg" alt="" width="24" height="24" />nestjs-ws-auth
          </a>
          ${navigation(page.place)}
        </header>
        ${page.body}
      </body>
    </html> `.markup;
}
