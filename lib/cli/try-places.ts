import { failure, type Answer } from './answer.js';
import { attempt } from './attempt.js';
import type { Dialogue } from './dialogue.js';
import type { TryOptions } from './options.js';
import type { Sending } from './place.js';

/** A place, and what the server answered to a credential in it. */
export interface Row {
  readonly place: string;
  readonly answer: Answer;
}

/** The name of the attempt that shows what the server does without any credential. */
export const withoutCredential = 'without a credential';

/** Further attempts would make it worse, or end in the same way. */
const endsAll = /^(?:429|503|1013|1001|no answer|E[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/;

/** Connects without a credential, and then once for each place. Attempts run one after the other, to stay below limits. */
export async function* tryPlaces(
  dialogue: Dialogue,
  token: string,
  options: TryOptions,
): AsyncGenerator<Row> {
  const { timeoutMs, origin, inUrl } = options;
  const headers = origin === undefined ? {} : { origin };
  const without: Sending = { url: dialogue.url, headers, protocols: [] };
  const run = (sending: Sending) => attempt({ dialogue, sending, token, timeoutMs });
  let answer = await run(without);
  yield { place: withoutCredential, answer };
  for (const place of dialogue.places) {
    if (endsAll.test(answer.code)) {
      return;
    }
    if (place.inUrl && !inUrl && !isLoopback(dialogue.url)) {
      yield { place: place.extractor, answer: notInUrl };
    } else {
      answer = await run({ ...without, ...place.send(without, token) });
      yield { place: place.extractor, answer };
    }
  }
}

const notInUrl = failure(
  'not tried',
  'access logs keep URLs: add --in-url, with a token that may be read',
);

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname);
}
