import { afterAll, beforeAll, describe } from 'vitest';
import { authenticationTests } from './authentication.suite.js';
import { browserTests } from './browser.suite.js';
import { foreignClientTests } from './foreign-clients.suite.js';
import { buildSample, RunningSample } from './running-sample.js';
import { screenshotTests } from './screenshot.suite.js';
import { shutdownTests } from './shutdown.suite.js';
import { tokenTests } from './tokens.suite.js';

const screenshot = process.env['SCREENSHOT'];

// One file, because one build and one process serve all of it.
describe('the sample', () => {
  let running: RunningSample;
  const sample = () => running;
  beforeAll(async () => {
    await buildSample();
    running = await RunningSample.start();
  }, 120_000);
  afterAll(async () => running?.[Symbol.asyncDispose]());

  describe('tokens and pages', () => tokenTests(sample));
  describe('authentication', () => authenticationTests(sample));
  describe('foreign clients', () => foreignClientTests(sample));
  describe('in Chromium', { timeout: 120_000 }, () => browserTests(sample));
  describe('shutdown', shutdownTests);
  if (screenshot) describe('screenshot', () => screenshotTests(screenshot));
});
