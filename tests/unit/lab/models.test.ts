import { expect, test } from 'vitest';
import { modelName, modelSource, modelTitle } from '../../../src/lab/models.ts';

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
  expect(modelTitle('embedded')).toBe('the embedded model');
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
