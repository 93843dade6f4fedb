import { withoutCredential, type Row } from './try-places.js';

const guide = 'Causes: nestjs-ws-auth/lib/guides/troubleshooting.md';

/** One row of the table, in columns that fit every extractor and every code. */
export function line({ place, answer }: Row): string {
  return `  ${place.padEnd(36)} ${answer.code.padEnd(9)}  ${answer.text}`;
}

/** What follows from the answers. */
export function summary(rows: readonly Row[]): string {
  const accepted = rows.filter(({ answer }) => answer.accepted).map(({ place }) => place);
  if (accepted.includes(withoutCredential)) {
    return (
      'The server accepts clients without a credential: the gateway is public or optional, or nothing protects it.\n' +
      'A place that was accepted may not have been read.'
    );
  }
  return accepted.length > 0 ? `Accepted: ${accepted.join(', ')}.` : `${refused(rows)}\n${guide}`;
}

function refused(rows: readonly Row[]): string {
  const judged = rows.filter(({ answer }) => answer.text.startsWith('credential rejected'));
  return judged.length > 0
    ? `A strategy refused the token from ${judged.map(({ place }) => place).join(', ')}: the log of the server has the reason.`
    : 'The server accepted the token in no place.';
}

/** Whether the token is what opened the connection. */
export function isAccepted(rows: readonly Row[]): boolean {
  return rows.some(({ place, answer }) => answer.accepted && place !== withoutCredential);
}
