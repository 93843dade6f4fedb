import { highlight, statementsOf } from './source.js';

const template = document.querySelector('#tile');
const arrows = { state: '', sent: '→ ', received: '← ' };
const badges = { waiting: 'waiting', ok: 'accepted', ko: 'refused' };

/** One way of authenticating, on the page: its story, its code and what happened. */
export class Tile {
  constructor(way, { user, server, path }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    const fill = (text) =>
      text.replace('{server}', server).replace('{path}', path).replace('{user}', user);
    this.element.id = way.id;
    this.#find('.tile-title').textContent = way.title;
    this.#find('.tile-summary').textContent = way.summary;
    this.#find('.tile-address').textContent = fill(way.address);
    this.#find('.tile-extractor').textContent = way.extractor;
    this.#find('.tile-source').open = matchMedia('(width > 560px)').matches;
    this.#find('.tile-code code').append(highlight(statementsOf(way.open)));
    this.#turn('waiting', 'Connecting…');
  }

  /** Adds a line to what happened. */
  step({ kind, text, ms }) {
    const line = document.createElement('li');
    const time = document.createElement('time');
    line.className = `step-${kind}`;
    time.textContent = `${ms} ms`;
    line.append(`${arrows[kind]}${text}`, time);
    this.#find('.steps').append(line);
  }

  /** Turns the tile green or red, and shows why. */
  finish({ ok, type, code, words, ms }) {
    this.element.dataset.outcome = type;
    this.element.dataset.code = code ?? '';
    this.#find('.verdict time').textContent = `${ms} ms`;
    this.#turn(ok ? 'ok' : 'ko', words);
  }

  #turn(state, words) {
    this.element.dataset.state = state;
    this.#find('.badge').textContent = badges[state];
    this.#find('.verdict-words').textContent = words;
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
