import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { launch } from 'puppeteer-core';
import { pictureOf } from './diagram.mjs';

// Draws the mermaid diagrams of the documents for the documentation site: `npm run diagrams`, after
// one of them has changed. GitHub draws them by itself. Mermaid is downloaded for the moment, since nothing else needs it.

const mermaid = 'mermaid@12.3.0';

const diagrams = [];
for (const document of process.argv.slice(2)) {
  const text = await readFile(document, 'utf8');
  diagrams.push(...Array.from(text.matchAll(/^```mermaid\n([\s\S]*?)^```$/gm), ([, code]) => code));
}

const folder = await mkdtemp(join(tmpdir(), 'mermaid-'));
try {
  const run = promisify(execFile);
  const { stdout } = await run('npm', ['pack', mermaid, '--silent'], { cwd: folder });
  await run('tar', ['-xzf', stdout.trim()], { cwd: folder });
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage();
  await page.addScriptTag({ path: join(folder, 'package/dist/mermaid.min.js') });
  for (const diagram of diagrams) {
    const picture = pictureOf(diagram);
    await mkdir(dirname(picture), { recursive: true });
    await writeFile(picture, `${await page.evaluate(draw, diagram, diagrams.indexOf(diagram))}\n`);
  }
  await browser.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Runs in the page. Labels are texts and not HTML, so that the picture is one everywhere. */
async function draw(diagram, index) {
  const options = { theme: 'neutral', htmlLabels: false, flowchart: { htmlLabels: false } };
  globalThis.mermaid.initialize({ startOnLoad: false, deterministicIds: true, ...options });
  return (await globalThis.mermaid.render(`diagram-${index}`, diagram)).svg;
}
