import { nameOf } from './session-card.js';

const most = 100;
const template = document.querySelector('#event');
const clock = new Intl.DateTimeFormat([], { timeStyle: 'medium' });

/** What happened, as it scrolls by. */
export class EventLog {
  constructor(element) {
    this.element = element;
  }

  add({ name, at, sessionId, code, session }) {
    const line = template.content.firstElementChild.cloneNode(true);
    const fill = (selector, text) => (line.querySelector(selector).textContent = text);
    line.dataset.name = name;
    line.dataset.sessionId = sessionId;
    fill('time', clock.format(at));
    fill('.event-name', name);
    fill('.event-session', nameOf(sessionId));
    fill('.event-detail', detailOf({ name, code, session }));
    this.element.append(line);
    if (this.element.childElementCount > most) this.element.firstElementChild.remove();
    this.element.scrollTop = this.element.scrollHeight;
  }
}

function detailOf({ name, code, session }) {
  if (name === 'disconnected') return `code ${code}`;
  return session?.expiresAt ? `until ${clock.format(session.expiresAt)}` : '';
}
