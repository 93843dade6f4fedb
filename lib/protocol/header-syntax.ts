/** `token` of {@link https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 RFC 9110 §5.6.2}. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** `token68` of {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.2 RFC 9110 §11.2}: the syntax of a bearer token. */
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Visible ASCII without `"`, `,`, `[`, `]`, `{` and `}`. It must not begin with `=`, and `'` may stand at neither end.
 */
const bearerToken = /^(?![='])[!#-+\--Z\\^-z|~]+(?<!')$/;

/** C0 controls and DEL, which RFC 7617 §2 and RFC 9110 §5.5 keep out of credentials and header values. */
// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const control = /[\u0000-\u001f\u007f]/;

export function isToken(value: string): boolean {
  return token.test(value);
}

export function isToken68(value: string): boolean {
  return token68.test(value);
}

/**
 * Whether Passport strategies accept the text as a token behind `Bearer `.
 *
 * It is wider than the `token68` of {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.2 RFC 9110 §11.2}, since strategies
 * are: `1|abc` (Laravel Sanctum) and `a:b:c` (Django) authenticate over HTTP. White space, control characters, lists, JSON and
 * quotes stay out: such a text is a mistake of the client, or an attempt to have it parsed twice.
 */
export function isBearerToken(value: string): boolean {
  return bearerToken.test(value);
}

export function hasControlCharacter(value: string): boolean {
  return control.test(value);
}

/** Makes a `quoted-string` of a configured value; control characters must have been refused before. */
export function quotedString(value: string): string {
  return `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
}
