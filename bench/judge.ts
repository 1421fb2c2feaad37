/**
 * How fast the judge is, against CPython's own `exec` of the same programs in one process, in the same run:
 *   npx tsx bench/judge.ts
 * Programs of ten lines with six inputs. Reports programs a second of one interpreter (one core), the time
 * from asking to a verdict for single programs, and how long an interpreter that hangs is missed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramRun } from '../src/gasp/ports.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';

const PROGRAMS = 1000;
const SINGLES = 200;

/** Different programs, so that nothing is answered from a cache of compiled ones. */
const runs: ProgramRun[] = Array.from({ length: PROGRAMS }, (_, i) => ({
  program: [
    'def f(values):',
    '    total = 0',
    '    kept = []',
    '    for value in values:',
    `        if value % ${(i % 7) + 2} == 0:`,
    '            kept.append(value)',
    '        else:',
    `            total += value * ${i}`,
    '    kept.sort(reverse=True)',
    '    return [total] + kept',
  ].join('\n'),
  inputs: Array.from(
    { length: 6 },
    (_, k) => `[${Array.from({ length: 8 }, (_, n) => (i + 3 * k + 7 * n) % 50).join(', ')}]`,
  ),
}));

function cpython(): string | undefined {
  return ['python3.11', 'python3'].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** Programs a second of processor time: exec, then eval of each call, then repr, as a harness must at least. */
function referenceSpeed(python: string): { version: string; perSecond: number } {
  const file = join(tmpdir(), `judge-bench-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(runs));
  const script = `
import json, sys, time
runs = json.load(open(sys.argv[1]))
start = time.process_time()
for run in runs:
    values = []
    for source in run['inputs']:
        scope = {}
        exec(run['program'], scope)
        values.append(repr(eval('f(' + source + ')', scope)))
print(json.dumps([sys.version.split()[0], len(runs) / (time.process_time() - start)]))`;
  const [version, perSecond] = JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8' }));
  return { version, perSecond };
}

function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

const judge = new NodeJudge({ size: 1 });
const started = performance.now();
await judge.run([{ program: 'def f(x): return x', inputs: ['1'] }]);
const start = performance.now() - started;
await judge.run(runs.slice(0, 50)); // Warm.

const before = performance.now();
const spent = judge.processorTime();
const results = await judge.run(runs.map(({ program, inputs }) => ({ program: `${program}\n`, inputs })));
const wall = performance.now() - before;
const used = judge.processorTime() - spent;
if (results.some(({ status }) => status !== 'ran')) throw new Error('a program of the bench failed');

const singles: number[] = [];
for (let i = 0; i < SINGLES; i++) {
  const from = performance.now();
  await judge.run([runs[i]!]);
  singles.push(performance.now() - from);
}
singles.sort((a, b) => a - b);

// One interpreter of two hangs; the other goes on. Then both are there again.
const pair = new NodeJudge({ size: 2, limits: { seconds: 1 } });
await pair.run(runs.slice(0, 64));
const hang = performance.now();
const hanging = pair.run([{ program: 'def f(x): return sum(range(10 ** 14))', inputs: ['1'] }]);
const meanwhile: number[] = [];
let hung = true;
void hanging.then(() => {
  hung = false;
});
while (hung) {
  const from = performance.now();
  await pair.run([runs[meanwhile.length % PROGRAMS]!]);
  meanwhile.push(performance.now() - from);
}
const found = performance.now() - hang;
const from = performance.now();
await Promise.all([pair.run(runs.slice(0, 2)), pair.run(runs.slice(2, 4))]);
const recovered = performance.now() - from;
meanwhile.sort((a, b) => a - b);

const python = cpython();
const reference = python ? referenceSpeed(python) : undefined;
const perSecond = (PROGRAMS / used) * 1000;
console.log(
  `${PROGRAMS} programs of ten lines, six inputs each; times of a processor where not said otherwise`,
);
console.log(`first interpreter ready after        ${start.toFixed(0)} ms (wall)`);
console.log(
  `judge, one interpreter               ${perSecond.toFixed(0)} programs a second of processor, ${((PROGRAMS / wall) * 1000).toFixed(0)} on the wall`,
);
if (reference) {
  console.log(
    `CPython ${reference.version}, exec in one process  ${reference.perSecond.toFixed(0)} programs a second: ${(reference.perSecond / perSecond).toFixed(1)} times the judge's`,
  );
} else console.log('no CPython was found to compare with');
console.log(
  `one verdict alone                    p50 ${quantile(singles, 0.5).toFixed(1)} ms, p99 ${quantile(singles, 0.99).toFixed(1)} ms (wall)`,
);
console.log(
  `while another hangs                  p50 ${quantile(meanwhile, 0.5).toFixed(1)} ms, p99 ${quantile(meanwhile, 0.99).toFixed(1)} ms (wall), ${meanwhile.length} verdicts`,
);
console.log(
  `a hang is found after                ${found.toFixed(0)} ms (limit 1000), both interpreters judge again ${recovered.toFixed(0)} ms later`,
);
await Promise.all([judge.dispose(), pair.dispose()]);
