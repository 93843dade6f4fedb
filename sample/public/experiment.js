import { attempt } from './attempt.js';
import { Tile } from './tile.js';
import { ways } from './ways.js';

const main = document.querySelector('main');
const { user, token, port, expected, rejection } = main.dataset;

/** Where gateways stand whose refusals a page can read, and the others. */
const path = rejection === 'auto' ? '/readable' : '/';

/** Runs one way in a tile of its own, and counts it if it ends as it should. */
async function run(way) {
  const server = `${location.hostname}:${Number(port) + way.port}`;
  const context = { user, token, server, path };
  const tile = new Tile(way, context);
  document.querySelector('.tiles').append(tile.element);
  const outcome = await attempt(way, context, (step) => tile.step(step));
  tile.finish(outcome);
  const isExpected = outcome.ok === (expected === 'authenticated');
  count(isExpected ? 1 : 0);
}

/** How many tiles ended as they should: with a token from the address, in a refusal. */
let counted = 0;
function count(more) {
  counted += more;
  document.querySelector('.tally-count').textContent = `${counted} of ${ways.length}`;
}

const verdicts = { authenticated: 'authenticated', refused: 'refused, as they should be' };

/** Keeps showing how long the token has left. */
function countDown(lifetime) {
  const seconds = Math.max(0, Math.ceil((lifetime.dataset.expiresAt - Date.now()) / 1000));
  lifetime.textContent = seconds > 0 ? `valid for ${seconds} s` : 'expired';
  if (seconds > 0) setTimeout(countDown, 1000, lifetime);
}

const lifetime = document.querySelector('[data-expires-at]');
if (lifetime) countDown(lifetime);

count(0);
await Promise.all(ways.map(run));
main.dataset.state = counted === ways.length ? 'ok' : 'ko';
document.querySelector('.tally-words').textContent = verdicts[expected];

const copy = document.querySelector('.copy');
copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(copy.dataset.text);
  copy.textContent = 'Copied';
});
