/** What each front end says about every error there is: in its own words, and never in the other one's. */
import { describe, expect, test } from 'vitest';
import { adviceOn, TERMINAL_ADVICE } from '../../cli/wording.ts';
import {
  CodedError,
  type ErrorCode,
  type ErrorData,
  tellError,
  type ToldError,
  toldError,
} from '../../src/util/codedError.ts';
import { PAGE_ADVICE, problemOf } from '../../src/ui/parts/wording.ts';
import { flagIn, pageWordIn } from './frontEndWords.ts';

const run = {
  dtype: 'q4',
  settings: {
    tuning: { kind: 'lora', rank: 8, alpha: 16, layers: 1 },
    microbatchTokens: 512,
    goalpostsPerIteration: 1,
    rollouts: 4,
  },
} as const;

/** Data for every code; for those that say different things with different data, each of them. */
const SAMPLES: { [C in ErrorCode]: ErrorData[C][] } = {
  unexpected: [{}],
  'run-unknown': [{ run: 'r' }],
  'run-version': [{ version: 7 }],
  'run-locked': [{ run: 'r' }, { run: 'r', lock: '/runs/r/lock' }],
  'storage-missing': [{}],
  'storage-silent': [{}],
  'folder-unusable': [{ folder: 'runs/first' }],
  'log-damaged': [{ run: 'r', line: 3 }],
  'storage-full': [{}],
  'method-untrained': [{ method: 'base' }],
  'settings-invalid': [{ settings: { rollouts: 'Must be at least 1.' } }],
  'questions-missing': [{ method: 'real' }],
  'goalposts-missing': [{ method: 'gasp' }],
  'goalposts-unreadable': [{ count: 2 }],
  'tests-missing': [{}],
  'text-unencodable': [{}],
  'trial-gone': [{}],
  'checkpoint-gone': [{}],
  'checkpoints-gone': [{ run: 'r' }],
  'checkpoint-damaged': [{}],
  'checkpoint-misfit': [{}],
  'checkpoint-lost': [
    { iteration: 4, from: 3 },
    { iteration: 4, from: 0 },
  ],
  'model-unknown': [{ model: 'hub:one' }],
  'model-folder-needed': [{ folder: 'mine' }],
  'model-folder-wrong': [{}],
  'model-file': [{}, { path: 'onnx/model.onnx' }],
  'model-file-missing': [{ path: 'config.json' }],
  'model-file-forbidden': [{ path: 'config.json', url: 'https://h/m/config.json' }],
  'download-broken': [
    { path: 'a', url: 'https://h/a', kept: 0 },
    { path: 'a', url: 'https://h/a', kept: 5e7 },
  ],
  'template-unusable': [{}],
  'model-too-big': [
    { model: 'm', needed: 9e9, limit: 4e9 },
    { model: 'm', needed: 9e9, limit: 4e9, wanted: run, fitting: null },
    { model: 'm', needed: 9e9, limit: 4e9, wanted: run, fitting: { ...run, dtype: 'q4f16', needed: 3e9 } },
  ],
  'tensor-too-big': [{ model: 'm', part: 'layer', needed: 3e8, limit: 1.3e8 }],
  'graph-unsupported': [{}],
  'dtype-unknown': [{ dtype: 'q9', known: ['q4', 'fp32'] }],
  'tuning-not-lora': [{}],
  'prompt-too-long': [{ tokens: 300, context: 256 }],
  diverged: [{}],
  adapter: [{}],
  'adapter-files': [{}],
  'adapter-rank': [{ rank: 16, trained: 8 }],
  'adapter-tuning': [{}],
  'adapter-scale': [{}],
  'adapter-none': [{}],
  'adapter-unrecorded': [{}],
  share: [{}],
  'share-version': [{ format: '9', reads: 1 }],
  'share-link-long': [{ length: 90_000, limit: 78_000 }],
  'share-link-changed': [{}],
  'share-address': [{ address: 'https://h/run.foothold' }],
  'backend-missing': [{ backend: 'webgpu' }],
  'backend-failed': [{ backend: 'webgpu' }, { backend: 'wasm' }, { backend: 'cpu' }],
  'gpu-lost': [{}],
  'memory-full': [{ backend: 'wasm' }],
  'replica-ended': [{}],
  'lab-ended': [{}],
  'lab-silent': [{}],
  'python-failed': [{}],
};

const told = Object.entries(SAMPLES).flatMap(([code, samples]) =>
  samples.map((data) => ({ code, data, message: 'It happened.' }) as ToldError),
);
/** The only ones that a command cannot come across, or knows nothing about but the message. */
const WITHOUT_ADVICE = [
  'unexpected',
  'storage-missing',
  'storage-silent',
  'trial-gone',
  'lab-ended',
  'lab-silent',
  'share-link-long',
  'share-link-changed',
  'share-address',
];

describe.each(told)('$code', (error) => {
  test('the command line has nothing of the page', () => {
    const advice = adviceOn(error);
    expect(pageWordIn(advice)).toBeNull();
    expect(advice === '').toBe(WITHOUT_ADVICE.includes(error.code));
  });

  test('the page has nothing of the command line', () => {
    const { message, advice } = problemOf(error);
    expect(message).toBe('It happened.');
    expect(flagIn(advice)).toBeNull();
    expect(advice).toMatch(/^[A-Z].*\.\)?$/s);
  });

  test('reaches another worker, and is the same there', () => {
    expect(structuredClone(error)).toEqual(error);
    expect(JSON.parse(JSON.stringify(error))).toEqual(error);
    expect(tellError(toldError(error))).toEqual(error);
  });
});

test('both tables have the same codes', () => {
  expect(Object.keys(PAGE_ADVICE).sort()).toEqual(Object.keys(SAMPLES).sort());
  expect(Object.keys(TERMINAL_ADVICE).sort()).toEqual(Object.keys(SAMPLES).sort());
});

test('an error without a code is told as it is, with the advice of where it happened', () => {
  const error = tellError(new RangeError('offset is out of bounds'));
  expect(error).toEqual({ code: 'unexpected', data: {}, message: 'Offset is out of bounds.' });
  expect(problemOf(error, 'Nothing was changed.').advice).toBe('Nothing was changed.');
  expect(tellError('a text').message).toBe('A text.');
  expect(problemOf(tellError(new CodedError('trial-gone', {}, 'Gone.')), 'Nothing was changed.').advice).toBe(
    PAGE_ADVICE['trial-gone'],
  );
});

test('names of files stay as they are', () => {
  expect(tellError(new Error('config.json is not JSON')).message).toBe('config.json is not JSON.');
});
