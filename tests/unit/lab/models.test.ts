import { expect, test } from 'vitest';
import {
  baseModelName,
  EMBEDDED_MODEL,
  embeddedIn,
  isEmbedded,
  modelName,
  modelSource,
  modelTitle,
  modelWords,
} from '../../../src/lab/models.ts';

test.each([
  ['owner/name', 'hub:owner/name#q4'],
  [' onnx-community/Qwen3-0.6B-ONNX ', 'hub:onnx-community/Qwen3-0.6B-ONNX#q4'],
  ['https://huggingface.co/owner/name', 'hub:owner/name#q4'],
  ['https://huggingface.co/owner/name/tree/main/onnx', 'hub:owner/name#q4'],
  ['http://localhost:8000/models/mine/', 'url:http://localhost:8000/models/mine/#q4'],
])('%s names %s', (typed, name) => {
  expect(modelName(typed, 'q4')).toBe(name);
  expect(modelSource(name)).toMatchObject({ dtype: 'q4' });
});

test('a name says where its files lie', () => {
  expect(modelSource('hub:owner/name')).toEqual({
    kind: 'hub',
    title: 'owner/name',
    base: 'https://huggingface.co/owner/name/resolve/main/',
  });
  expect(modelSource('url:http://localhost/a/mine#fp32')).toMatchObject({
    base: 'http://localhost/a/mine/',
    title: 'mine',
  });
  expect(modelSource('folder:my model#q4f16')).toEqual({ kind: 'folder', title: 'my model', dtype: 'q4f16' });
});

test('a run keeps the embedded weights that it began with, whatever new ones ship', () => {
  // Runs and links of the first version carry this name.
  expect(modelSource('embedded')).toMatchObject({ kind: 'embedded', path: 'models/foothold-micro' });
  expect(modelSource(EMBEDDED_MODEL)).toMatchObject({ kind: 'embedded', path: 'models/foothold-micro-2' });
  expect([modelTitle('embedded'), modelTitle(EMBEDDED_MODEL)]).toEqual([
    'the embedded model (earlier weights)',
    'the embedded model',
  ]);
  expect([baseModelName('embedded'), baseModelName('hub:owner/name#q4')]).toEqual([
    'foothold-micro',
    'owner/name',
  ]);
  expect(['embedded', EMBEDDED_MODEL, 'hub:owner/name', 'toString'].map(isEmbedded)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  // A folder of their name stands for the weights in it; one of another name for the newest kind.
  expect(['foothold-micro', 'foothold-micro-2', 'mine'].map(embeddedIn)).toEqual([
    'embedded',
    EMBEDDED_MODEL,
    EMBEDDED_MODEL,
  ]);
});

test.each([
  '',
  'nothing',
  'hub:one',
  'hub:a/b/c',
  'url:file:///etc/passwd',
  'url:javascript:alert(1)',
  'hub:../..#q4',
])('%j names no model', (name) => {
  expect(() => modelSource(name)).toThrow(
    expect.objectContaining({ code: 'model-unknown', data: { model: name } }),
  );
});

test('a run’s model in words: its title with its weights, and whatever a stranger’s run calls it', () => {
  expect(modelWords('hub:HuggingFaceTB/SmolLM2-135M-Instruct#q4')).toBe(
    'HuggingFaceTB/SmolLM2-135M-Instruct, q4',
  );
  expect(modelWords('url:https://host.example/models/tiny/#fp16')).toBe('tiny, fp16');
  expect(modelWords(EMBEDDED_MODEL)).toBe('the embedded model');
  expect(modelWords('nobody knows')).toBe('nobody knows');
});
