import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { launchBrowser } from '../../support/browser/launch.js';
import type { RunningSample } from './running-sample.js';
import { TestPage } from './test-page.js';

const path = process.env['SCREENSHOT'];

/** Takes the picture that the README shows, when `SCREENSHOT` names the file. */
export function screenshotTests(sample: () => RunningSample): void {
  it.runIf(path)('takes a picture of the green page', { timeout: 300_000 }, async () => {
    await using launched = await launchBrowser('allowed');
    await using opened = await TestPage.open(launched.browser);
    await opened.page.setViewport({ width: 1240, height: 900 });
    // The first visit warms the server up; the second shows what the times are like.
    await opened.run(sample().http('/?user=alice'));
    const tiles = await opened.run(sample().http('/?user=alice'));
    expect(tiles.map(({ state }) => state)).not.toContain('ko');
    await writeFile(path ?? '', await opened.page.screenshot({ fullPage: true }));
  });
}
