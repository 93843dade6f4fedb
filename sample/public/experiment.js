import { attempt } from './attempt.js';
import { Tile } from './tile.js';
import { ways } from './ways.js';

const main = document.querySelector('main');
const { user, token, port } = main.dataset;

/** Runs one way in a tile of its own; resolves with whether it authenticated. */
async function run(way) {
  const server = `${location.hostname}:${Number(port) + way.port}`;
  const context = { user, token, server };
  const tile = new Tile(way, context);
  document.querySelector('.tiles').append(tile.element);
  const outcome = await attempt(way, context, (step) => tile.step(step));
  tile.finish(outcome);
  count(outcome.ok ? 1 : 0);
  return outcome.ok;
}

let authenticated = 0;
function count(more) {
  authenticated += more;
  document.querySelector('.tally-count').textContent = `${authenticated} of ${ways.length}`;
}

/** Keeps telling how long the token has left. */
function countDown(lifetime) {
  const seconds = Math.max(0, Math.ceil((lifetime.dataset.expiresAt - Date.now()) / 1000));
  lifetime.textContent = seconds > 0 ? `valid for ${seconds} s` : 'expired';
  if (seconds > 0) setTimeout(countDown, 1000, lifetime);
}

const lifetime = document.querySelector('[data-expires-at]');
if (lifetime) countDown(lifetime);

count(0);
const results = await Promise.all(ways.map(run));
main.dataset.state = results.every(Boolean) ? 'ok' : 'ko';
document.querySelector('.tally-words').textContent = 'authenticated';
