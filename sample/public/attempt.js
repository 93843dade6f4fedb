import { conversations } from './conversations.js';

/** Browsers hold connections back after a refusal, and some open one at a time: be patient. */
const patienceMs = 30_000;

const closeCodes = {
  1000: 'normal closure',
  1006: 'no close frame',
  1008: 'policy violation',
  1011: 'server error',
  1013: 'try again later',
  3000: 'unauthorized',
  3003: 'forbidden',
  3008: 'timeout',
  4403: 'forbidden',
};

/**
 * Authenticates one WebSocket in one way. Resolves with what happened, and never rejects; `onStep`
 * is called with each step when it happens.
 */
export async function attempt(way, context, onStep) {
  const started = performance.now();
  const elapsed = () => Math.round(performance.now() - started);
  const record = { knows: false, step: (kind, text) => onStep({ kind, text, ms: elapsed() }) };
  const outcome = await Promise.race([
    connect(way, context, record),
    new Promise((resolve) => setTimeout(resolve, patienceMs, { type: 'timeout' })),
  ]);
  const ok = record.knows && outcome.code === 1000;
  return { ...outcome, ok, ms: elapsed(), words: ok ? success(context) : failure(outcome) };
}

async function connect(way, context, record) {
  try {
    const opened = await way.open(context);
    const websocket = way.adapt ? way.adapt(opened) : opened;
    return await converse(
      websocket,
      conversations[way.conversation ?? 'greeting'],
      context,
      record,
    );
  } catch (error) {
    return untried(error, record);
  }
}

/** There was nothing to send. */
function untried({ message }, record) {
  record.step('state', 'Not even tried');
  return { type: 'failed', reason: message };
}

function converse(websocket, conversation, { user }, record) {
  let opened = false;
  return new Promise((resolve) => {
    websocket.addEventListener('open', () => {
      opened = true;
      const chosen = websocket.protocol;
      record.step('state', chosen ? `Open, with the subprotocol “${chosen}”` : 'Open');
    });
    websocket.addEventListener('message', ({ data }) => {
      record.step('received', data);
      const { knows, answer, done } = conversation.hear(data, user);
      record.knows ||= knows;
      if (answer) websocket.send(answer);
      if (answer) record.step('sent', answer);
      if (done) websocket.close(1000);
    });
    websocket.addEventListener('close', ({ code, reason, cause }) => {
      if (cause) return resolve(untried(cause, record));
      record.step('state', opened ? `Closed with ${describe(code)}` : 'Handshake refused');
      resolve({ type: opened ? 'closed' : 'refused', code, reason });
    });
    // One that was opened by hand, and that the browser itself blocks, may end without a close event.
    websocket.addEventListener('error', () => setTimeout(resolve, 1000, { type: 'refused' }));
  });
}

function describe(code) {
  return closeCodes[code] ? `${code} (${closeCodes[code]})` : `${code}`;
}

function success({ user }) {
  return `Authenticated as ${user}, closed with 1000.`;
}

function failure({ type, code, reason }) {
  if (type === 'timeout') return `Nothing happened for ${patienceMs / 1000} seconds.`;
  if (type === 'failed') return `The page could not connect: ${reason}.`;
  if (type === 'refused' && reason) return `Refused with ${describe(code)}: ${reason}.`;
  if (type === 'refused')
    return `Refused before it opened. The page sees ${code ?? 'an error'} and no status.`;
  if (code === 1000) return 'The server took the page for another user.';
  return `Closed by the server with ${describe(code)}${reason ? `: ${reason}` : ''}.`;
}
