const template = document.querySelector('#session');

const badges = { open: 'open', expiring: 'expiring', ended: 'ended' };

/** What a session is called: the beginning of its id. */
export function nameOf(sessionId) {
  return sessionId.slice(0, 8);
}

/** One session, with the time it has left. */
export class SessionCard {
  /** The socket of the session, if this page holds it: only its holder can renew it. */
  #socket;

  constructor(session, { onRenew, onEnd }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.sessionId = session.sessionId;
    const name = nameOf(session.sessionId);
    this.#find('.session-id').textContent = name;
    this.#button('.renew', `Renew ${name}`, () => onRenew(this.#socket));
    this.#button('.end', `End ${name}`, () => onEnd(session.sessionId));
    this.held = false;
    this.show(session);
  }

  get ended() {
    return this.element.dataset.state === 'ended';
  }

  /** The page holds the socket of this session. */
  hold(socket) {
    this.#socket = socket;
    this.held = true;
    this.#describe();
  }

  /** Shows a session that is new, or has been renewed. */
  show({ via, authenticatedAt, expiresAt }) {
    const end = expiresAt ?? Infinity;
    if (this.ended || end === this.end) return;
    Object.assign(this, { via, end, begin: authenticatedAt });
    this.element.dataset.expiresAt = end;
    this.#turn('open');
    this.#describe();
    this.tick();
  }

  /** The server has announced the end. */
  warn() {
    if (!this.ended) this.#turn('expiring');
  }

  /** Keeps what became of the session in sight: why it ended, and how its socket was closed. */
  finish({ why, code }) {
    const focused = this.element.contains(document.activeElement);
    this.#turn('ended');
    this.why ||= why;
    this.code ??= code;
    const closed = this.code && `closed with ${this.code}`;
    this.#find('.session-words').textContent = [this.why, closed].filter(Boolean).join(', ');
    this.#find('.session-actions').hidden = true;
    if (focused) this.element.focus();
  }

  /** Shows how much time is left. */
  tick() {
    if (this.ended) return;
    const left = Math.max(0, this.end - Date.now());
    const share = Number.isFinite(left) ? left / (this.end - this.begin) : 1;
    const seconds = Number.isFinite(left) ? String(Math.ceil(left / 1000)) : '∞';
    this.element.style.setProperty('--left', Math.min(1, share).toFixed(3));
    const [number, unit] = this.#find('.session-left').children;
    if (number.textContent === seconds) return;
    number.textContent = seconds;
    unit.textContent = seconds === '∞' ? 'does not expire' : 's left';
  }

  #describe() {
    const where = this.held ? 'Opened by this page' : 'Opened elsewhere';
    this.#find('.session-words').textContent = `${where}, ${this.via}`;
    this.#find('.renew').hidden = !this.held;
  }

  #turn(state) {
    this.element.dataset.state = state;
    this.#find('.badge').textContent = badges[state];
  }

  #button(selector, label, onClick) {
    const button = this.#find(selector);
    button.setAttribute('aria-label', label);
    button.addEventListener('click', onClick);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
