/** Sends a request to the server, and fails unless the response is a success. */
async function ask(path, options) {
  const response = await fetch(path, options);
  const { method = 'GET' } = options;
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
  return response;
}

/** Asks for something that the bearer of a token may have. */
export async function askAs(token, path, { method = 'POST', headers = {} } = {}) {
  const authorization = { Authorization: `Bearer ${token}` };
  return ask(path, { method, headers: { ...headers, ...authorization }, cache: 'no-store' });
}

/** Obtains a token. This server believes the name; another would look at who is logged in. */
export async function newToken(user) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await ask('/tokens', {
    method: 'POST',
    headers,
    body: JSON.stringify({ user }),
  });
  const { token } = await response.json();
  return token;
}

/** Changes a token into a ticket that is good for one connection. */
export async function newTicket(token) {
  const response = await askAs(token, '/ws-tickets');
  const { ticket } = await response.json();
  return ticket;
}
