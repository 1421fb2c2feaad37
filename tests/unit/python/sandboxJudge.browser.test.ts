/** The judge in a real browser: what it judges, and what a program finds that leaves Python. */
import { afterAll, expect, test, vi } from 'vitest';
import { openSandbox } from '../../../src/python/sandbox.ts';
import { SandboxJudge } from '../../../src/python/sandboxJudge.ts';
import { callOf, judgeContract, judgeOne, PATIENCE, TEST_LIMITS } from './judgeContract.ts';

const sandbox = openSandbox(document);
const judge = new SandboxJudge(sandbox.port, { size: 2, limits: TEST_LIMITS });
afterAll(async () => {
  await judge.dispose();
  sandbox.close();
});

judgeContract(judge);

test('a started Python that does not suit the browser: it starts from nothing', {
  timeout: PATIENCE,
}, async () => {
  const own = openSandbox(document);
  const { port1: lab, port2: ours } = new MessageChannel();
  ours.onmessage = ({ data, ports }) => {
    const snapshot = data.type === 'files' ? { snapshot: new Uint8Array(1024).fill(7) } : {};
    own.port.postMessage({ ...data, ...snapshot }, [...ports]);
  };
  own.port.onmessage = ({ data }) => ours.postMessage(data);
  const started = new SandboxJudge(lab, { size: 1, limits: TEST_LIMITS });
  expect(await judgeOne(started, 'def f(x): return x + 1')).toBe('2');
  await started.dispose();
  own.close();
});

/** Ways to JavaScript's `Function`, as Python expressions. */
const WAYS = {
  pyodide_js: 'bring("pyodide_js").constructor.constructor',
  'its innards': 'bring("pyodide_js")._api.constructor.constructor',
  'its module': 'bring("pyodide_js")._module.constructor.constructor',
  'a proxy': 'bring("pyodide.ffi").to_js([1]).constructor.constructor',
};
/** Runs in the worker of a program that has got out of Python. */
const PROBE = `
  const found = {};
  const attempt = (name, act) => {
    try {
      found[name] = String(act());
    } catch (error) {
      found[name] = error.name;
    }
  };
  const get = (address) => {
    const request = new XMLHttpRequest();
    request.open('GET', address, false);
    request.send();
    return request.responseText.slice(0, 20);
  };
  attempt('origin', () => self.origin);
  attempt('own data', () => get(URL.createObjectURL(new Blob(['data']))));
  attempt('page', () => get(page));
  attempt('script', () => importScripts(page + '/node_modules/pyodide/pyodide.mjs'));
  attempt('indexedDB', () => indexedDB.open('foothold'));
  attempt('localStorage', () => localStorage.length);
  attempt('cookie', () => document.cookie);
  attempt('parent', () => parent.location);
  attempt('window', () => window.name);
  // Without these files no interpreter would start any more.
  const files = [self.location.href, ...(new Error().stack.match(/blob:null.[-0-9a-f]+/g) ?? [])];
  for (const file of files) URL.revokeObjectURL(file);
  attempt('files', () => new Set(files).size);
  new BroadcastChannel('judge').postMessage('out');
  postMessage({ type: 'snapshot', snapshot: new Uint8Array(8) });
  return JSON.stringify(found);`;

test.each(Object.entries(WAYS))(
  'a program that reaches JavaScript finds neither page nor storage nor network: %s',
  { timeout: PATIENCE },
  async (_name, way) => {
    const heard = vi.fn();
    const channel = new BroadcastChannel('judge');
    channel.onmessage = heard;
    const program = `
import importlib
def f(page):
    bring = importlib.import_module
    return ${way}("page", ${JSON.stringify(PROBE)})(page)`;
    const value = await judgeOne(judge, program, JSON.stringify(location.origin));
    expect(value).toBeTypeOf('string');
    expect(JSON.parse((value as string).slice(1, -1))).toEqual({
      origin: 'null',
      'own data': 'data',
      page: 'NetworkError',
      script: 'NetworkError',
      indexedDB: 'SecurityError',
      localStorage: 'ReferenceError',
      cookie: 'ReferenceError',
      parent: 'ReferenceError',
      window: 'ReferenceError',
      files: expect.stringMatching(/^[2-9]$/),
    });
    // What it told the frame changed nothing for those after it, nor for the interpreters that start after it.
    expect(await judgeOne(judge, 'def f(x): return [x]')).toBe('[1]');
    expect(await judgeOne(judge, 'import os\ndef f(x): return [x, x]')).toBe('[1, 1]');
    expect(heard).not.toHaveBeenCalled();
    channel.close();
  },
);

/** With time enough for anything; its interpreters end when they are killed. */
const patientSandbox = openSandbox(document);
const loaded: number[] = [];
let firstStart = 0;
const patient = new SandboxJudge(patientSandbox.port, {
  size: 2,
  limits: { seconds: 600 },
  onLoad: (done, total) => loaded.push(done / total),
});
afterAll(async () => {
  await patient.dispose();
  patientSandbox.close();
});

test('a load that failed is made up for by the next', { timeout: PATIENCE }, async () => {
  const fetching = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('no network'));
  await expect(patient.run([{ program: '', inputs: [] }])).rejects.toThrow('no network');
  fetching.mockRestore();
  await patient.load();
  expect(loaded.at(-1)).toBe(1);
  const before = performance.now();
  expect(await judgeOne(patient, 'def f(x): return x')).toBe('1');
  firstStart = performance.now() - before;
});

test('Python offers no way to JavaScript by itself', { timeout: PATIENCE }, async () => {
  const attempts = [
    'bring("js").fetch',
    'bring("js").self',
    'bring("pyodide.code").run_js("self.origin")',
    'bring("pyodide.http").pyfetch("/").send(None)',
  ];
  const results = await patient.run(
    attempts.map((attempt) => ({
      program: `import importlib\ndef f(x):\n    bring = importlib.import_module\n    return ${attempt}`,
      inputs: ['1'],
    })),
  );
  for (const result of results)
    expect(callOf(result)).toEqual({ status: 'raised', error: expect.any(String), line: 4 });
});

test('others are judged while one loops, and whoever is killed is soon replaced', {
  timeout: PATIENCE,
}, async () => {
  const posted = vi.spyOn(MessagePort.prototype, 'postMessage');
  const loop = 'def f(x): return sum(range(10**15))';
  const abort = new AbortController();
  const looping: Promise<unknown>[] = [];
  const startLoop = async () => {
    looping.push(patient.run([{ program: loop, inputs: ['1'] }], { signal: abort.signal }));
    const requests = () =>
      posted.mock.calls
        .map(([message]) => JSON.stringify(message?.programs ?? ''))
        .filter((text) => text.includes('10**15'));
    await vi.waitFor(() => expect(requests()).toHaveLength(looping.length), { timeout: PATIENCE });
  };
  const good = Array.from({ length: 100 }, () => ({ program: 'def f(x): return x + 1', inputs: ['1'] }));
  const values = async () => (await patient.run(good)).map(callOf);

  await startLoop();
  expect(await values()).toEqual(good.map(() => '2'));
  // Now one in each interpreter.
  await startLoop();
  const outcomes = Promise.allSettled(looping);
  await expect(Promise.race([outcomes, 'looping'])).resolves.toBe('looping');
  abort.abort(new Error('enough'));
  const killed = performance.now();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await values()).toEqual(good.map(() => '2'));
  const replaced = performance.now() - killed;
  // From a snapshot, that is; on a busy machine both take longer.
  expect(replaced).toBeLessThan(Math.max(5000, firstStart / 2));
});
