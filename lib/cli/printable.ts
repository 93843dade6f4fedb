const maxLength = 123;

/** So many characters in a row are not there by accident. */
const runLength = 8;

/**
 * What may be printed of a server's text: one line, bounded, and nothing that repeats a part of the credential.
 *
 * Other servers quote the URL or a header in their errors. A terminal obeys control characters, so they are replaced.
 */
export function printable(text: string, token: string): string {
  const line = text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, '?');
  return repeats(text, token) ? '(not printed: it repeats the credential)' : line;
}

/** Whether the text has a run of characters of the token, in one of the forms in which a token is sent. */
function repeats(text: string, token: string): boolean {
  const bytes = Buffer.from(token);
  const forms = [token, encodeURIComponent(token), bytes.toString('base64'), bytes.toString('hex')];
  return forms.some((form) => sharesRun(text, form));
}

function sharesRun(text: string, form: string): boolean {
  const length = Math.min(runLength, form.length);
  for (let start = 0; start + length <= form.length; start += 1) {
    if (text.includes(form.slice(start, start + length))) {
      return true;
    }
  }
  return false;
}
