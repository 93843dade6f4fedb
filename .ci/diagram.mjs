import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** Where the picture of a mermaid diagram is. Its name is a digest of the text, so that a changed text has no picture. */
export function pictureOf(diagram) {
  const digest = createHash('sha256').update(diagram.trim()).digest('hex').slice(0, 12);
  return fileURLToPath(new URL(`diagrams/${digest}.svg`, import.meta.url));
}
