/**
 * Everything that a machine with a GPU is to be asked, one program after the other, so that none disturbs another:
 * tests on the GPU, the account of a decoder in the shapes of Qwen2.5-Coder-0.5B (4 bits, random weights, 32 rows) in
 * the page, where it runs on what *auto* takes, and native, the step beside jax-js's, and the page's own model.
 *   npx tsx bench/gpu.ts [--model DIR] [--turns 5] [--skip tests,page,native,jax,iteration]
 * Takes half an hour. A part that fails is told of at the end, and the others run all the same.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    turns: { type: 'string', default: '5' },
    skip: { type: 'string', default: '' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, CHROMIUM_GPU: '1' };
const failed: string[] = [];

function run(name: string, command: readonly string[]): void {
  if (args.skip.split(',').includes(name)) return;
  console.log(`\n=== ${name}: npx ${command.join(' ')}`);
  const [program, ...rest] = command;
  const { status } = spawnSync('npx', [program!, ...rest], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}

const shapes = join(root, '.cache/bench/qwen-shapes');
if (!args.model && !existsSync(join(shapes, 'onnx/model_q4.onnx'))) {
  run('model', ['tsx', 'bench/randomModel.ts', '--out', shapes]);
}
const model = args.model ? resolve(args.model) : shapes;
const account = ['tsx', 'bench/account.ts', '--model', model, '--turns', args.turns];
run('tests', ['vitest', 'run', '--project', 'browser']);
run('page', [...account, '--page', '--backend', 'auto']);
run('native', [...account, '--backend', 'webgpu']);
run('jax', ['tsx', 'bench/jaxPage.ts', '--backend', 'webgpu']);
run('iteration', ['tsx', 'bench/iteration.ts', '--backend', 'auto']);
if (failed.length > 0) {
  console.error(`\nThese failed: ${failed.join(', ')}.`);
  process.exit(1);
}
