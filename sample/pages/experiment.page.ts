import { ports } from '../config.js';
import { html, type Html } from './html.js';
import { addressOf, layout } from './layout.js';

/** What the test page works with. */
export interface Experiment {
  readonly user: string;
  readonly token: string;
  /** When the token ends (epoch ms); `undefined` for a token that came with the address. */
  readonly expiresAt: number | undefined;
  /** Whether the gateways have `rejection: 'auto'`. */
  readonly isReadable: boolean;
}

/** Shows one tile per way of authenticating; `public/experiment.js` fills them. */
export function experimentPage(experiment: Experiment): string {
  return layout({
    title: 'nestjs-ws-auth · the experiment',
    styles: ['/experiment.css', '/tile.css'],
    script: '/experiment.js',
    place: { user: experiment.user, path: '/' },
    body: html`<main
        data-state="waiting"
        data-user="${experiment.user}"
        data-token="${experiment.token}"
        data-expected="${experiment.expiresAt ? 'authenticated' : 'refused'}"
        data-port="${ports.http}"
        data-rejection="${experiment.isReadable ? 'auto' : 'http'}"
      >
        <section class="intro">
          <div>
            <h1>One token, and every way to send it.</h1>
            <p class="lead">
              Each tile opens a WebSocket to an origin of its own and authenticates there. The
              server greets the user it recognised, the page says goodbye, the server closes.
            </p>
          </div>
          <p class="tally" role="status">
            <output class="tally-count">…</output><span class="tally-words">connecting</span>
          </p>
        </section>
        ${identity(experiment)}
        <section class="tiles" aria-label="Ways of authenticating"></section>
        ${machines}
        <noscript><p class="hint">This page needs JavaScript to open WebSockets.</p></noscript>
      </main>
      ${tileTemplate}`,
  });
}

function identity(experiment: Experiment): Html {
  const { user, token, expiresAt } = experiment;
  const lifetime = expiresAt
    ? html`<span class="lifetime" data-expires-at="${expiresAt}">short-lived</span>`
    : html`<span class="lifetime lifetime-given">taken from the address</span>`;
  return html`<section class="identity" aria-label="Credentials">
    <p class="identity-user"><span class="label">User</span><strong>${user}</strong></p>
    <p class="identity-token">
      <span class="label">Token</span><code>${token}</code>${lifetime}
      <button type="button" class="button-quiet copy" data-text="${token}">Copy</button>
    </p>
    <nav class="actions" aria-label="Run the experiment">
      <a class="button" href="${againWith(experiment, {})}">Run again</a>
      <a class="button button-quiet" href="${againWith(experiment, { token: 'a-wrong-token' })}"
        >Try a wrong token</a
      >
      ${readableSwitch(experiment)}
    </nav>
  </section>`;
}

/** The page once more, with the same switch unless it is changed, and a new token unless one is given. */
function againWith(
  { user, isReadable }: Experiment,
  changes: Readonly<Record<string, string>>,
): string {
  return addressOf('/', { user, ...(isReadable && { rejection: 'auto' }), ...changes });
}

/** The other state of the switch is another address, so that it can be kept and sent. */
function readableSwitch(experiment: Experiment): Html {
  const { isReadable, expiresAt, token } = experiment;
  const given = expiresAt === undefined ? { token } : {};
  const other = againWith({ ...experiment, isReadable: !isReadable }, given);
  return html`<a
    class="button button-quiet switch"
    role="switch"
    aria-checked="${isReadable ? 'true' : 'false'}"
    title="Accepts a refused page first, and closes it with a code and a reason"
    href="${other}"
    ><code>rejection: 'auto'</code></a
  >`;
}

const machines = html`<section class="machines">
  <div>
    <h2>And from a program</h2>
    <p>
      Machines have it easier. They send an <code>Authorization</code> header with the handshake, or
      put the name and the token into the URL.
    </p>
  </div>
  <pre
    tabindex="0"
    role="group"
    aria-label="Shell commands"
  ><code>curl localhost:${ports.http}/tokens -H content-type:application/json -d '{"user":"alice"}'
python3 -m websockets "ws://alice:$TOKEN@localhost:${ports.basic}/"</code></pre>
</section>`;

const tileTemplate = html`<template id="tile">
  <article class="tile" data-state="waiting">
    <header class="tile-header">
      <h2 class="tile-title"></h2>
      <p class="badge"></p>
    </header>
    <p class="tile-summary"></p>
    <p class="tile-ends"><code class="tile-address"></code><code class="tile-extractor"></code></p>
    <details class="tile-source" open>
      <summary>Code</summary>
      <pre
        class="tile-code"
        tabindex="0"
        role="group"
        aria-label="The browser code that ran"
      ><code></code></pre>
    </details>
    <ol class="steps" aria-label="What happened"></ol>
    <p class="verdict" role="status"><span class="verdict-words"></span><time></time></p>
  </article>
</template>`;
