import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** The failures of a test file, a line each. What failed before any of its tests ran counts as one. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative('.', name);
  const failures = assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
  return failures.length === 0 && status === 'failed'
    ? [`${file}: ${firstLine(message)}`]
    : failures;
}

function firstLine(text = '') {
  return text.split('\n', 1)[0];
}

/** Reads the numbers of a JSON report of vitest, or of the bench, and names what failed: people see the end of a long log. */
function count(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const { numPassedTests: passed, numFailedTests, testResults, success } = report;
  const failures = testResults.flatMap(failuresOf);
  failures.forEach((failure) => console.log(`failed: ${failure}`));
  const failed = Math.max(numFailedTests, failures.length);
  return { passed, failed: failed === 0 && !success ? 1 : failed };
}

const counts = process.argv.slice(2).map(count);
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
