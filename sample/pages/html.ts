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

type Value = string | number | Html | readonly Html[];

function escape(value: Value): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(escape).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Builds markup and escapes everything that is put into it, except other markup. */
export function html(template: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(String.raw({ raw: template }, ...values.map(escape)));
}
