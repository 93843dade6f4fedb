/** What the page needs of a WebSocket, for clients that have other events. */
class Socket extends EventTarget {
  protocol = '';

  constructor({ send, close }) {
    super();
    Object.assign(this, { send, close });
  }

  tell(type, facts = {}) {
    this.dispatchEvent(Object.assign(new Event(type), facts));
  }
}

/** The client of Socket.IO: `hello` is its message, and `goodbye` its answer. */
export function ofSocketIo(client) {
  const close = () => client.disconnect();
  const socket = new Socket({ send: (text) => client.emit('goodbye', text, close), close });
  client.on('connect', () => socket.tell('open'));
  client.on('hello', (data) => socket.tell('message', { data }));
  client.on('connect_error', ({ message, data }) => {
    client.disconnect();
    socket.tell('close', { code: data?.code, reason: data?.reason ?? message });
  });
  client.on('disconnect', () => socket.tell('close', { code: 1000, reason: '' }));
  return socket;
}

/** The client of graphql-ws: each value of the subscription is a message. */
export function ofGraphql(client) {
  const close = () => client.dispose();
  const socket = new Socket({ send: close, close });
  client.on('opened', () => socket.tell('open'));
  client.on('closed', ({ code, reason }) => socket.tell('close', { code, reason }));
  client.subscribe(
    { query: 'subscription { greetings }' },
    {
      next: ({ data }) => socket.tell('message', { data: data.greetings }),
      error: () => undefined,
      complete: () => undefined,
    },
  );
  return socket;
}
