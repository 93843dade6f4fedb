import { askAs, newToken } from './http.js';

/** Streams begin this far apart, however soon they end. */
const pauseMs = 1_000;

/**
 * Follows what happens to the user's sessions, for as long as the page lives. `EventSource` cannot
 * send a token, so this reads the stream itself. It ends with its token; then the next one
 * begins where it ended.
 */
export async function follow(user, { onOpen, onEvent, onLost }) {
  let last;
  for (;;) {
    const pause = new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      const headers = last === undefined ? {} : { 'Last-Event-ID': last };
      const options = { method: 'GET', headers };
      const { body } = await askAs(await newToken(user), '/sessions/events', options);
      for await (const { id, type, data } of serverSentEvents(body)) {
        last = id;
        if (type === 'open') onOpen(data);
        else onEvent(data);
      }
    } catch (error) {
      onLost(error);
    }
    await pause;
  }
}

async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = `${text}${value}`.split('\n\n');
    text = blocks.pop();
    yield* blocks.filter((block) => block.includes('data: ')).map(parse);
  }
}

function parse(block) {
  const field = (name) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
  return { id: field('id'), type: field('event'), data: JSON.parse(field('data')) };
}
