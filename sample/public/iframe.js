/** Adds a hidden iframe to the page and waits until it is loaded. */
export async function hiddenIframe(address) {
  const iframe = document.createElement('iframe');
  iframe.hidden = true;
  iframe.src = address;
  const loaded = new Promise((resolve) => iframe.addEventListener('load', resolve, { once: true }));
  document.body.append(iframe);
  await loaded;
  return iframe;
}

/** Waits until the cookie bridge in the iframe reports whether it stored the token. */
export async function answerFrom(iframe) {
  const { ok } = await new Promise((resolve) => {
    addEventListener('message', function listen({ source, data }) {
      if (source !== iframe.contentWindow || data?.type !== 'nestjs-ws-auth:cookie') return;
      removeEventListener('message', listen);
      resolve(data);
    });
  });
  iframe.remove();
  if (!ok) throw new Error('the cookie bridge did not store the token');
}
