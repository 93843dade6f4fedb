import { html, type Html } from './html.js';

/** What is different from page to page; the rest is in {@link layout}. */
export interface Page {
  readonly title: string;
  readonly styles: readonly string[];
  readonly script?: string;
  readonly body: Html;
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
          <span class="masthead-note">The experiment</span>
        </header>
        ${page.body}
      </body>
    </html> `.markup;
}
