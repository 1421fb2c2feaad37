/** Rows of every format, and the judged answers beside the repository where they are there. */
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { JUDGED, sharedFolder } from '../shared.ts';

export const judgedFile = (name: string): string => `${sharedFolder}${JUDGED}/${name}`;

export function judgedText(name: string): string {
  return readFileSync(judgedFile(name), 'utf8');
}

export const HUMANEVAL_ROW = {
  task_id: 'HumanEval/900',
  prompt: 'def half(x: float) -> float:\n    """Half of x."""\n',
  entry_point: 'half',
  canonical_solution: '    return x / 2\n',
  test: [
    'METADATA = {}',
    '',
    'def check(candidate):',
    '    assert candidate(3) == 1.5, "first"',
    '    assert abs(candidate(0.2) - 0.1) < 1e-6',
    '    assert (candidate(-4) == -2.0)',
    '    assert True',
  ].join('\n'),
};

export const SCRIPT_ROW = {
  ...HUMANEVAL_ROW,
  task_id: 'HumanEval/901',
  test: 'def check(candidate):\n    import random\n    for _ in range(20):\n        x = random.randint(0, 99)\n        assert candidate(2 * x) == x\n',
};

export const MBPP_ROW = {
  task_id: 902,
  text: 'Write a function to find the shared elements.',
  code: 'def shared(a, b):\n    return tuple(set(a) & set(b))',
  test_list: ['assert set(shared((3, 4), (4, 5))) == set((4,))', 'assert shared([], [1]) == ()'],
  test_setup_code: '',
  challenge_test_list: [],
};

export const EVALPLUS_ROW = {
  task_id: 'Mbpp/903',
  prompt: '"""\nHalve.\nassert halve(3) == 1.5\n"""\n',
  entry_point: 'halve',
  canonical_solution: '\ndef halve(x):\n    return x / 2\n',
  base_input: [[3], [4]],
  plus_input: [[1], [-7]],
  atol: 0,
};

export const CRUXEVAL_ROW = {
  id: 'sample_904',
  code: 'def f(text):\n    return text.upper()',
  input: "'ab'",
  output: "'AB'",
};

/** Two tests as LiveCodeBench packs them: JSON, pickled (protocol 4), compressed, in base64. */
export const PACKED_TESTS =
  'eJxrYJlaxgABPUXR1UqZeQWlJUpWCkqGBjF5SjoKSvmlJVARI6hISWpxSUllQSpIrLgkJTNPqVZHAUmnCbpGC5z6YqfoAQA3ESYh';
/** Tests as LiveCodeBench packs its private ones: JSON, pickled, compressed, in base64. */
export function packedAsTheirs(
  tests: readonly { input: string; output: string; testtype: string }[],
): string {
  const text = Buffer.from(JSON.stringify(tests));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  // PROTO 4, BINUNICODE, MEMOIZE, STOP
  const pickle = Buffer.concat([Buffer.from([0x80, 4, 0x58]), length, text, Buffer.from([0x94, 0x2e])]);
  return deflateSync(pickle).toString('base64');
}

/** A pickle that runs a command where it is unpickled: `os.system('touch /tmp/pwned')`. */
export const PACKED_COMMAND =
  'eJxrYJmqzQABPawF+cWZFVN62Iori0tSc6dMntIjUJJfmpyhoF+SW6BfUJ6XmjKldUrQFD0AyJ0S/A==';

export const LIVECODEBENCH_STDIN_ROW = {
  question_title: 'Twice',
  question_content: 'Read n, print twice n.',
  platform: 'atcoder',
  question_id: 'abc905_a',
  contest_id: 'abc905',
  contest_date: '2024-01-01T00:00:00',
  starter_code: '',
  difficulty: 'easy',
  public_test_cases: JSON.stringify([{ input: '3\n', output: '6\n', testtype: 'stdin' }]),
  private_test_cases: JSON.stringify([{ input: '10\n', output: '20\n', testtype: 'stdin' }]),
  metadata: '{}',
};

export const LIVECODEBENCH_CALL_ROW = {
  ...LIVECODEBENCH_STDIN_ROW,
  question_id: '2906',
  starter_code: 'class Solution:\n    def pairs(self, nums: List[int], k: int) -> List[int]:\n        ',
  public_test_cases: JSON.stringify([{ input: '[1, 2, 3]\n2', output: '[1, 2]', testtype: 'functional' }]),
  private_test_cases: JSON.stringify([{ input: '[]\n1', output: '[]', testtype: 'functional' }]),
  metadata: '{"func_name": "pairs"}',
};

export const QUESTION_ROW = {
  id: 'double',
  title: 'double each',
  program: 'def f(x):\n    return [2 * v for v in x]',
  inputs: ['[1, 2]', '[]'],
  outputs: ['[2, 4]', '[]'],
};
