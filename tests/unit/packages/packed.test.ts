/** The packages as npm packs them, in an empty folder: the example of each README runs on plain Node. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foothold-packed-'));
const model = join(root, 'tests/fixtures/models/qwen2-optimum-fp32');

/** In a copy, so that the working tree's own builds are left alone. */
beforeAll(() => {
  const copy = join(folder, 'source');
  cpSync(join(root, 'packages'), join(copy, 'packages'), {
    recursive: true,
    filter: (path) => !path.includes('/dist'),
  });
  for (const path of ['scripts', 'tsconfig.json', 'LICENSE'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const modules = join(folder, 'user/node_modules');
  for (const name of ['onnx-grad', 'onnx-lora']) {
    const at = join(copy, 'packages', name);
    execFileSync(process.execPath, ['../../scripts/buildPackage.mjs'], { cwd: at });
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent'], {
      cwd: at,
      encoding: 'utf8',
    }).trim();
    mkdirSync(join(modules, name), { recursive: true });
    execFileSync('tar', ['xzf', join(at, packed), '--strip-components=1', '-C', join(modules, name)]);
  }
  mkdirSync(join(modules, '@huggingface'), { recursive: true });
  for (const peer of ['onnxruntime-node', '@huggingface/transformers'])
    symlinkSync(join(root, 'node_modules', peer), join(modules, peer));
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the README's example prints. */
function example(name: string, ...args: string[]): string {
  const readme = readFileSync(join(folder, 'user/node_modules', name, 'README.md'), 'utf8');
  const file = join(folder, 'user', `${name}.mjs`);
  writeFileSync(file, /```js\n(.*?)```/s.exec(readme)![1]!);
  return execFileSync(process.execPath, [file, ...args], { encoding: 'utf8' }).trim();
}

test("onnx-grad: the derivative in its README is the sigmoid's, a quarter of the columns' sums", () => {
  expect(JSON.parse(example('onnx-grad'))).toEqual([1.25, 1.75, 2.25]);
});

test.skipIf(!existsSync(model))('onnx-lora: greedy tokens are those of PyTorch', () => {
  expect(example('onnx-lora', model)).toBe('[ 99, 99, 99, 99, 99, 511 ]');
});

test('their types resolve for somebody who has nothing of this repository', () => {
  const user = join(folder, 'user');
  writeFileSync(
    join(user, 'use.ts'),
    "import { differentiate, GraphBuilder } from 'onnx-grad';\nimport { VectorTrainer } from 'onnx-lora';\nimport { folderFiles } from 'onnx-lora/node';\nconst b: GraphBuilder = new GraphBuilder('x');\nexport const all = [differentiate, VectorTrainer, folderFiles, b.model.graph.nodes.length satisfies number];\n",
  );
  const options = {
    strict: true,
    noEmit: true,
    module: 'NodeNext',
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    skipLibCheck: false,
    types: [],
  };
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
  writeFileSync(join(user, 'package.json'), '{"type":"module"}');
  execFileSync(process.execPath, [join(root, 'node_modules/typescript7/bin/tsc'), '-p', user], {
    encoding: 'utf8',
  });
});
