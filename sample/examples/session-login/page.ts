/** A form, and a socket that needs no token: the browser sends the cookie. */
export const page = `<!doctype html>
<title>Chat</title>
<form>
  <input name="user" autocomplete="username" placeholder="user" />
  <input name="password" type="password" autocomplete="current-password" placeholder="password" />
  <button>Log in</button>
  <button type="button" id="logout">Log out</button>
</form>
<ul></ul>
<script type="module">
  const form = document.querySelector('form');
  const show = (text) =>
    document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));
  const post = (path, body = {}) =>
    fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  function open() {
    const socket = new WebSocket('ws' + location.origin.slice(4) + '/chat');
    socket.onopen = () => socket.send('{"event":"hello"}');
    socket.onmessage = ({ data }) => show(JSON.parse(data).data);
    socket.onclose = ({ code, reason }) => show('closed: ' + code + ' ' + reason);
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    const { ok } = await post('/login', Object.fromEntries(new FormData(form)));
    ok ? open() : show('wrong password');
  };
  document.querySelector('#logout').onclick = () => post('/logout');
</script>
`;
