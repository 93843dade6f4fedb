import { html } from './html.js';
import { layout } from './layout.js';

/** Asks for a user name. */
export function welcomePage(options: { refused: boolean }): string {
  const hint = options.refused
    ? html`<p class="hint hint-refused" id="hint" role="alert">
        That name does not work: use 1 to 64 visible characters, no spaces and no colon.
      </p>`
    : html`<p class="hint" id="hint">Any name will do. There is no password.</p>`;
  return layout({
    title: 'nestjs-ws-auth · the experiment',
    styles: ['/welcome.css'],
    body: html`<main class="welcome">
      <h1>One token, and every way to send it.</h1>
      <p class="lead">
        The WebSocket protocol does not say how a client proves who it is, and a browser cannot set
        a header on a WebSocket. These are the ways that remain, side by side, in front of NestJS
        gateways.
      </p>
      <form class="welcome-form" action="/" method="get">
        <label for="user">User name</label>
        <div class="field">
          <input
            id="user"
            name="user"
            required
            maxlength="64"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
            placeholder="alice"
            aria-describedby="hint"
            autofocus
          />
          <button type="submit">Run the experiment</button>
        </div>
        ${hint}
      </form>
      <ol class="story">
        <li>
          <strong>A page obtains a token</strong> from the HTTP server, for the user you name.
        </li>
        <li>
          <strong>It sends the token</strong> to WebSockets on other origins, in every way there is.
        </li>
        <li><strong>Passport strategies check it</strong> before a gateway sees the client.</li>
      </ol>
    </main>`,
  });
}
