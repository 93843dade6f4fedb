import { follow } from './event-feed.js';
import { EventLog } from './event-log.js';
import { askAs, newToken } from './http.js';
import { SessionBoard } from './session-board.js';
import { UserSocket } from './user-socket.js';

const socketsAtStart = 3;
const main = document.querySelector('main');
const { user } = main.dataset;
const stay = main.querySelector('#stay');
const staysConnected = () => stay.checked;
const address = `ws://${location.host}/ws`;
const board = new SessionBoard(main, {
  onRenew: (socket) => attempt(() => socket.renew()),
  onEnd: (sessionId) => attempt(() => remove(`/sessions/${sessionId}`)),
});
const log = new EventLog(main.querySelector('.log'));

/** Runs an action, and shows its error if it fails. */
async function attempt(action) {
  complain('');
  try {
    await action();
  } catch (error) {
    complain(`That did not work: ${error.message}.`);
  }
}

function complain(words) {
  const problem = main.querySelector('.problem');
  problem.textContent = words;
  problem.hidden = words === '';
}

async function remove(path) {
  await askAs(await newToken(user), path, { method: 'DELETE' });
}

const listeners = {
  session(session, socket) {
    complain('');
    board.show(session).hold(socket);
  },
  unreachable: ({ message }) => complain(`That did not work: ${message}.`),
  lost({ code, reason }, { sessionId }) {
    if (sessionId) board.finish(sessionId, { why: reason, code });
  },
  closed({ code, reason }, socket) {
    listeners.lost({ code, reason }, socket);
    // The page has closed a socket that may not have another token (1000, or `not logged in`).
    if (socket.sessionId || code === 1000 || reason === 'not logged in') return;
    complain(`The server refused a socket: ${reason || code}.`);
  },
};

/** Receives the events of the sockets of this page; the feed has those of other pages as well. */
function heard(event, data, socket) {
  listeners[event](data, socket);
}

function turnFeed(state, words) {
  main.dataset.feed = state;
  main.querySelector('.feed').textContent = words;
}

let opened = 0;
function open() {
  opened += 1;
  complain('');
  return new UserSocket({ address, user, staysConnected, heard });
}

main.querySelector('#open').addEventListener('click', open);
main.querySelector('#end-all').addEventListener('click', () => attempt(() => remove('/sessions')));

void follow(user, {
  onOpen(sessions) {
    if (main.dataset.feed === 'lost') complain('');
    board.reset(sessions);
    turnFeed('live', 'Live');
    // Not before the feed is open, which then shows how they were authenticated.
    while (opened < socketsAtStart) open();
  },
  onEvent(event) {
    board.apply(event);
    log.add(event);
  },
  onLost: () => turnFeed('lost', 'Waiting for the server'),
});
