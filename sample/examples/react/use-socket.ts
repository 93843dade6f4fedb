import { connect, type TokenSource, type WsAuthSocket } from 'nestjs-ws-auth/client';
import { useEffect, useState } from 'react';

/**
 * A socket for as long as the component is mounted. `onMessage` and `token` must be stable: declare them outside of the
 * component, or wrap them in `useCallback()`.
 */
export function useSocket(
  url: string,
  token: TokenSource,
  onMessage: (data: unknown) => void,
): WsAuthSocket | undefined {
  const [socket, setSocket] = useState<WsAuthSocket>();
  useEffect(() => {
    const created = connect(url, { token });
    created.addEventListener('message', ({ data }) => onMessage(data));
    setSocket(created);
    return () => created.close();
  }, [url, token, onMessage]);
  return socket;
}
