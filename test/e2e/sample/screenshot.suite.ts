import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { launchBrowser } from '../../support/browser/launch.js';
import { RunningSample } from './running-sample.js';
import { TestPage } from './test-page.js';

/** Takes the picture that the README shows. */
export function screenshotTests(path: string): void {
  it('takes a picture of the green page', { timeout: 300_000 }, async () => {
    // The ports are those that a reader gets.
    await using sample = await RunningSample.start({ SAMPLE_PORT: '8000' });
    await using launched = await launchBrowser('allowed');
    await using opened = await TestPage.open(launched.browser);
    await opened.page.setViewport({ width: 1240, height: 900 });
    // The first visit warms the server up; the second shows what the times are like.
    await opened.run(sample.http('/?user=alice'));
    const tiles = await opened.run(sample.http('/?user=alice'));
    expect(tiles.map(({ state }) => state)).not.toContain('ko');
    await writeFile(path, await opened.page.screenshot({ fullPage: true }));
  });
}
