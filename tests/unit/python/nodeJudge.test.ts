import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, expect, test } from 'vitest';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { FILE_SIZES } from '../../../src/python/pyodideFiles.ts';
import { judgeContract, PATIENCE, TEST_LIMITS, judgeOne } from './judgeContract.ts';

// Started from nothing; the other tests' judges start from what is kept on disk.
const judge = new NodeJudge({ limits: TEST_LIMITS, keep: null });
afterAll(() => judge.dispose());

judgeContract(judge);

test('a program that reaches Node finds neither files nor network nor code', {
  timeout: PATIENCE,
}, async () => {
  const reach = (expression: string) => `
def f(x):
    js = eval("__imp" + "ort__")("pyodide_js")
    try:
        return str(${expression})
    except BaseException as error:
        return "refused"`;
  const value = (expression: string) => judgeOne(judge, reach(expression));
  expect(await value('js.version')).toMatch(/^'\d/);
  expect(await value('js.constructor.constructor("return import(\'node:fs\')")()')).toBe("'refused'");
  expect(await value('js._api.process or js._module.process')).toMatch(/refused|undefined/);
  expect(await value('js._api.initializeNodeSockFS')).toBe("'refused'");
});

test('the sizes that progress is measured by are those of the installed files', () => {
  const require = createRequire(import.meta.url);
  const size = (name: string) => statSync(require.resolve(`pyodide/${name}`)).size;
  expect(FILE_SIZES).toEqual({
    pyodide: size('pyodide.mjs'),
    asm: size('pyodide.asm.mjs'),
    wasm: size('pyodide.asm.wasm'),
    stdlib: size('python_stdlib.zip'),
  });
});
