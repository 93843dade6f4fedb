const tokens =
  /(?<string>`[^`]*`|'[^']*')|\b(?<keyword>const|await|new)\b|\b(?<type>[A-Z]\w+)\b|(?<call>\w+)(?=\()/g;

/** Returns the statements of a function as text, without what only the test page needs. */
export function statementsOf(fn) {
  const lines = fn.toString().split('\n').slice(1, -1);
  const indent = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines
    .map((line) => line.slice(indent))
    .filter((line) => line !== 'return websocket;')
    .join('\n');
}

/** Turns JavaScript into nodes with one `<span class="code-…">` per token worth a colour. */
export function highlight(code) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of code.matchAll(tokens)) {
    const [kind] = Object.entries(match.groups).find(([, text]) => text !== undefined);
    const span = document.createElement('span');
    span.className = `code-${kind}`;
    span.textContent = match[0];
    fragment.append(code.slice(end, match.index), span);
    end = match.index + match[0].length;
  }
  fragment.append(code.slice(end));
  return fragment;
}
