/** Markup that is safe to send. Only the {@link html} tag makes it. */
export class Html {
  constructor(readonly markup: string) {}
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(value: string | number | Html): string {
  if (value instanceof Html) return value.markup;
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Builds markup and escapes everything that is put into it, except other markup. */
export function html(
  template: TemplateStringsArray,
  ...values: readonly (string | number | Html)[]
): Html {
  return new Html(String.raw({ raw: template }, ...values.map(escape)));
}
