import type { BrowserWindow } from '../support/browser/browser-window.js';

/** What a tile of the experiment came to. */
export interface Tile {
  readonly id: string;
  readonly state: 'ok' | 'ko';
  readonly code: string;
}

const settled = `new Promise((resolve) => {
  const main = document.querySelector('main');
  const look = () => {
    if (main.dataset.state === 'waiting') return;
    const tiles = [...document.querySelectorAll('.tile')];
    resolve(tiles.map(({ id, dataset: { state, code } }) => ({ id, state, code })));
  };
  new MutationObserver(look).observe(main, { attributes: true });
  look();
})`;

/** Loads the page of the experiment and waits until every tile has turned. */
export async function runExperiment(window: BrowserWindow, address: string): Promise<Tile[]> {
  await window.go(address);
  return window.evaluate<Tile[]>(settled);
}
