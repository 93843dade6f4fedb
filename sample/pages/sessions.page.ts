import { html, type Html } from './html.js';
import { layout } from './layout.js';

/** Shows the user's sessions as they come and go; `public/sessions.js` fills it. */
export function sessionsPage(user: string): string {
  return layout({
    title: 'nestjs-ws-auth · sessions',
    styles: ['/sessions.css', '/session.css', '/events.css'],
    script: '/sessions.js',
    place: { user, path: '/sessions' },
    body: html`<main data-feed="connecting" data-user="${user}">
        <section class="intro">
          <div>
            <h1>A socket lives as long as its token.</h1>
            <p class="lead">
              Each socket below is open on <code>/ws</code> and ends when its token does, unless it
              is renewed where it stands. The server can end it at any time, and with it the token.
              With <em>Stay connected</em> the client renews by itself, and comes back from what
              ends it.
            </p>
          </div>
          <p class="tally" role="status">
            <output class="tally-count">…</output><span class="tally-words">open sockets</span>
          </p>
        </section>
        ${toolbar(user)} ${columns} ${explanations}
        <noscript><p class="hint">This page needs JavaScript to open WebSockets.</p></noscript>
      </main>
      ${sessionTemplate} ${eventTemplate}`,
  });
}

function toolbar(user: string): Html {
  return html`<section class="toolbar" aria-label="All sockets">
    <p class="toolbar-user"><span class="label">User</span><strong>${user}</strong></p>
    <p class="feed" role="status"></p>
    <div class="toolbar-actions">
      <label class="toolbar-stay"><input type="checkbox" id="stay" />Stay connected</label>
      <button type="button" class="button-quiet" id="open">Open a socket</button>
      <button type="button" class="button-danger" id="end-all">Log out everywhere</button>
    </div>
  </section>`;
}

const columns = html`<p class="problem" role="alert" hidden></p>
  <div class="columns">
    <section aria-labelledby="sockets-title">
      <h2 id="sockets-title">Sockets</h2>
      <p class="empty" hidden>No socket is open. Open one, or come back from another page.</p>
      <ul class="sessions" role="list"></ul>
    </section>
    <section class="events" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      <ol class="log" role="log" tabindex="0" aria-labelledby="events-title"></ol>
    </section>
  </div>`;

const explanations = html`<section class="explanations" aria-label="What the buttons do">
  <article>
    <h2>Renew</h2>
    <p>The client sends a fresh token on the open socket. Nothing reconnects.</p>
    <pre tabindex="0" role="group" aria-label="Code of the page"><code>socket.renew();</code></pre>
  </article>
  <article>
    <h2>End</h2>
    <p>The server closes one socket with 3000 and refuses its token from now on.</p>
    <pre
      tabindex="0"
      role="group"
      aria-label="Code of the server"
    ><code>await sessions.revoke({ sessionId });</code></pre>
  </article>
  <article>
    <h2>Log out everywhere</h2>
    <p>Every socket of the user closes, and no token issued so far opens another.</p>
    <pre
      tabindex="0"
      role="group"
      aria-label="Code of the server"
    ><code>await sessions.revoke({ userId });</code></pre>
  </article>
</section>`;

const sessionTemplate = html`<template id="session">
  <li class="session" data-state="open" tabindex="-1">
    <p class="session-name"><code class="session-id"></code><span class="badge"></span></p>
    <p class="session-words"></p>
    <p class="session-left" role="timer"><strong></strong> <span></span></p>
    <p class="session-actions">
      <button type="button" class="button-quiet renew">Renew</button>
      <button type="button" class="button-quiet end">End</button>
    </p>
    <div class="session-bar" aria-hidden="true"></div>
  </li>
</template>`;

const eventTemplate = html`<template id="event">
  <li class="event">
    <time></time><span class="event-name"></span><code class="event-session"></code
    ><span class="event-detail"></span>
  </li>
</template>`;
