import { SessionCard } from './session-card.js';

const mostEnded = 4;

const endings = { expired: 'token expired', revoked: 'revoked', disconnected: '' };

/** The user's sessions, each as a card. */
export class SessionBoard {
  #cards = new Map();

  constructor(main, actions) {
    this.list = main.querySelector('.sessions');
    this.empty = main.querySelector('.empty');
    this.count = main.querySelector('.tally-count');
    this.words = main.querySelector('.tally-words');
    this.actions = actions;
    setInterval(() => this.#cards.forEach((card) => card.tick()), 250);
  }

  /** These are open, and no others. */
  reset(sessions) {
    const open = new Set(sessions.map(({ sessionId }) => sessionId));
    sessions.forEach((session) => this.show(session));
    for (const [sessionId, card] of this.#cards) {
      // The sockets of this page report by themselves that they have closed.
      const gone = !open.has(sessionId) && !card.held && !card.ended;
      if (gone) this.finish(sessionId, { why: 'gone while the server was unreachable' });
    }
    this.#tally();
  }

  /** Shows a session that is open, whether or not it was known before. */
  show(session) {
    const known = this.#cards.get(session.sessionId);
    if (known) known.show(session);
    else this.#add(session);
    this.#tally();
    return this.#cards.get(session.sessionId);
  }

  /** Shows what an event did to a session. */
  apply({ name, sessionId, code, session }) {
    if (session) this.show(session);
    if (name === 'expiring') this.warn(sessionId);
    if (name in endings) this.finish(sessionId, { why: endings[name], code });
  }

  warn(sessionId) {
    this.#cards.get(sessionId)?.warn();
  }

  finish(sessionId, ending) {
    this.#cards.get(sessionId)?.finish(ending);
    const ended = [...this.#cards].filter(([, card]) => card.ended);
    for (const [id, card] of ended.slice(0, -mostEnded)) {
      card.element.remove();
      this.#cards.delete(id);
    }
    this.#tally();
  }

  #add(session) {
    const card = new SessionCard(session, this.actions);
    this.#cards.set(session.sessionId, card);
    this.list.prepend(card.element);
  }

  #tally() {
    const open = [...this.#cards.values()].filter((card) => !card.ended).length;
    this.empty.hidden = open > 0;
    this.count.textContent = open;
    this.words.textContent = open === 1 ? 'open socket' : 'open sockets';
  }
}
