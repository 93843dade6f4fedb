import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useSocket } from '../../../sample/examples/react/use-socket.js';

interface Shared {
  readonly options: { readonly url: string; readonly token: string };
  readonly document: { readonly body: never };
  readonly received: unknown[];
  show(isShown: boolean): void;
}

const page = globalThis as unknown as Shared;
const token = () => page.options.token;
const onMessage = (data: unknown) => page.received.push(data);

function Chat() {
  const socket = useSocket(page.options.url, token, onMessage);
  const ask = () => socket?.send(JSON.stringify({ event: 'whoami' }));
  return createElement('button', { onClick: ask }, 'ask');
}

function App() {
  const [isShown, setIsShown] = useState(true);
  Object.assign(page, { show: setIsShown });
  return isShown ? createElement(Chat) : null;
}

Object.assign(page, { received: [] });
createRoot(page.document.body).render(createElement(StrictMode, null, createElement(App)));
