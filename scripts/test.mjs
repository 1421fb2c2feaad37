/**
 * `npm test`: every check there is. `npm test -- --only node,browser` runs some parts; further
 * arguments are file filters for the runners (`npm test -- --only node tests/unit/run`).
 * The last line is `N passed, N failed`, and `, N skipped` where some were: above it stands how many for want of
 * what. A check or runner that fails without a failing test counts as one failure, and so does a runner that
 * finds no test.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureChromium } from './chromium.mjs';
import { ensurePackages, root } from './install.mjs';

const bin = (path) => join(root, 'node_modules', path);
const reports = mkdtempSync(join(tmpdir(), 'foothold-test-'));
const report = (name) => join(reports, `${name}.json`);

/** The need of a skipped test, from `(needs X)` in its title. */
const skipReason = (title) => `needs ${/\(needs (.+?)\)/.exec(title)?.[1] ?? `what "${title}" does not say`}`;

/** The same for each skipped test in a suite of Playwright's report, which has an annotation for the reason. */
function skippedSpecs({ suites = [], specs = [] }) {
  const own = specs.flatMap(({ title, tests }) =>
    tests
      .filter(({ status }) => status === 'skipped')
      .map(
        ({ annotations }) =>
          annotations.find(({ type }) => type === 'skip')?.description ?? skipReason(title),
      ),
  );
  return [...own, ...suites.flatMap(skippedSpecs)];
}

const vitest = (project) => ({
  args: [
    ...[bin('vitest/vitest.mjs'), 'run', '--project', project],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report(project)}`],
  ],
  takesFilters: true,
  count: () => {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report(project), 'utf8'));
    const tests = testResults.flatMap((file) => file.assertionResults);
    const skipped = tests
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => skipReason(fullName));
    return { passed: numPassedTests, failed: numFailedTests, skipped };
  },
});

const HOUSE = ['--config', '.dependency-cruiser.mjs', 'packages', 'src', 'cli', 'pretrain', 'bench'];

const PARTS = {
  types: { title: 'Type check', args: [bin('typescript7/bin/tsc'), '--noEmit'] },
  house: {
    title: 'Imports between rooms',
    args: [bin('dependency-cruiser/bin/dependency-cruise.mjs'), ...HOUSE],
  },
  lint: { title: 'Lint and format', args: [bin('@biomejs/biome/bin/biome'), 'check', '.'] },
  node: { title: 'Unit tests in Node', ...vitest('node') },
  browser: { title: 'Unit tests in Chromium', browser: true, ...vitest('browser') },
  e2e: {
    title: 'End-to-end tests in Chromium',
    browser: true,
    takesFilters: true,
    args: [bin('@playwright/test/cli.js'), 'test', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report('e2e') },
    count: () => {
      const { stats, suites } = JSON.parse(readFileSync(report('e2e'), 'utf8'));
      const { expected, flaky, unexpected } = stats;
      return { passed: expected, failed: unexpected + flaky, skipped: suites.flatMap(skippedSpecs) };
    },
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
});
const chosen = values.only?.split(',') ?? Object.keys(PARTS);
for (const name of chosen) {
  if (!(name in PARTS)) {
    console.error(`--only takes some of ${Object.keys(PARTS).join(', ')}, separated by commas; got ${name}.`);
    process.exit(2);
  }
}

/**
 * Lanes run side by side, the parts of each one after another. Unit tests wait now and then, be it in Node or in
 * Chromium, and leave a core idle; together with the others they keep two busy to the end.
 */
const LANES = [
  ['types', 'lint', 'house', 'node'],
  ['browser', 'e2e'],
];

/** Output of one lane at a time: what the others say meanwhile is told when its turn comes. */
class Turn {
  #held = [];
  #now = false;
  write(text) {
    if (this.#now) process.stdout.write(text);
    else this.#held.push(text);
  }
  begin() {
    this.#now = true;
    for (const text of this.#held.splice(0)) process.stdout.write(text);
  }
}

/** Runs one part; resolves to its counts. */
async function run(name, chromium, turn) {
  const part = PARTS[name];
  turn.write(`\n== ${part.title}\n`);
  const started = performance.now();
  const args = part.takesFilters ? [...part.args, ...positionals] : part.args;
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {}),
      ...part.env,
      ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
    },
  });
  child.stdout.on('data', (text) => turn.write(text));
  child.stderr.on('data', (text) => turn.write(text));
  const forward = (signal) => child.kill(signal);
  process.once('SIGINT', forward);
  process.once('SIGTERM', forward);
  const code = await new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  process.off('SIGINT', forward);
  process.off('SIGTERM', forward);

  let counts = { passed: 0, failed: 0, skipped: [] };
  let empty = false;
  if (part.count) {
    try {
      counts = part.count();
    } catch {
      // No report: the runner broke before its first test, which its exit status says too.
    }
    empty = counts.passed + counts.failed === 0;
  }
  if ((code !== 0 || empty) && counts.failed === 0) counts.failed = 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { name, title: part.title, ...counts, counted: Boolean(part.count), empty, seconds };
}

ensurePackages();
const results = [];
try {
  const chromium = chosen.some((name) => PARTS[name].browser) ? await ensureChromium() : undefined;
  let heard = Promise.resolve();
  const done = LANES.map((lane) => {
    const turn = new Turn();
    const parts = (async () => {
      const ended = [];
      for (const name of lane) if (chosen.includes(name)) ended.push(await run(name, chromium, turn));
      return ended;
    })();
    // A lane's output follows that of the lane before it.
    heard = heard
      .then(() => {
        turn.begin();
        return parts;
      })
      .catch(() => {});
    return parts;
  });
  results.push(...(await Promise.all(done)).flat());
  await heard;
} catch (error) {
  console.error(error.message);
  results.push({ title: 'Chromium', passed: 0, failed: 1, skipped: [], counted: false, seconds: '0.0' });
}
rmSync(reports, { recursive: true, force: true });

console.log('');
const outcomeOf = (passed, failed, skipped) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
for (const { title, passed, failed, skipped, counted, empty, seconds } of results) {
  const outcome = counted ? outcomeOf(passed, failed, skipped.length) : failed ? 'failed' : 'ok';
  console.log(`${title}: ${outcome}${empty ? ' (no test ran)' : ''} (${seconds} s)`);
}
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const skipped = results.flatMap((result) => result.skipped);
for (const reason of new Set(skipped)) {
  console.log(`Skipped: ${skipped.filter((other) => other === reason).length}, ${reason}`);
}
console.log(outcomeOf(sum('passed'), sum('failed'), skipped.length));
process.exitCode =
  sum('failed') > 0 || (sum('passed') === 0 && chosen.some((name) => PARTS[name].count)) ? 1 : 0;
