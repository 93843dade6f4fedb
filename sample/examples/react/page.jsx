import { StrictMode, useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useSocket } from './use-socket.ts';

const url = `${location.origin.replace('http', 'ws')}/chat`;

/** Called before each connection, and again before the session ends: the socket stays open. */
async function newToken() {
  const response = await fetch('/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'alice' }),
  });
  if (response.status === 401) return undefined; // no user is logged in
  if (!response.ok) throw new Error(`no token: ${response.status}`); // the socket tries again later
  return (await response.json()).token;
}

function Chat() {
  const [messages, setMessages] = useState([]);
  const onMessage = useCallback((data) => {
    setMessages((earlier) => [...earlier, JSON.parse(data).data]);
  }, []);
  const socket = useSocket(url, newToken, onMessage);
  return (
    <>
      <button onClick={() => socket?.send(JSON.stringify({ event: 'hello' }))}>Say hello</button>
      <ul>
        {messages.map((message, index) => (
          <li key={index}>{message}</li>
        ))}
      </ul>
    </>
  );
}

createRoot(document.body).render(
  <StrictMode>
    <Chat />
  </StrictMode>,
);
