/**
 * The text that the embedded model reads and writes. Every piece listed here is one token, so a line
 * of a program costs one token, and so does an integer.
 */
import { CodedError } from '../../util/codedError.ts';
import { lineOf, type Operation, operationOfLine, operations, trace } from './operations.ts';

/** Integers outside -99..99 and longer lists have no text in this format. */
export const largestInteger = 99;
export const longestList = 12;

export const pieces = {
  pad: '<pad>',
  unknown: '<unk>',
  /** Ends every answer: the stop token. */
  end: '    return x\n',
  /** Ends every prompt: what follows is the answer. */
  begin: 'def f(x):\n',
  newline: '\n',
  /** Opens the comment with the state of the first example. */
  trace: '  #',
  maps: ' ->',
  from: ' <-',
  next: ', then ',
  induction: '# induction\n',
  deduction: '# deduction\n',
  abduction: '# abduction\n',
  lemma: '# lemma\n',
  lift: '# lift\n',
  unguided: '# unguided\n',
  f: '# axis: algorithm\n',
  io: '# axis: inputs and outputs\n',
} as const;

/** All pieces in the order of their token ids: padding is 0, unknown 1, the stop token 2. */
export const vocabulary: readonly string[] = [
  ...Object.values(pieces),
  ...Array.from({ length: 2 * largestInteger + 1 }, (_, i) => ` ${i - largestInteger}`),
  ...operations.map(lineOf),
  ...operations.map((operation) => operation.words),
];

/** Text or values that the format has no tokens for. The message says which. */
export class UnencodableError extends CodedError<'text-unencodable'> {
  override name = 'UnencodableError';
  constructor(message: string) {
    super('text-unencodable', {}, message);
  }
}

/** Why a list cannot be written in this format, or null. */
export function unwritableList(x: readonly number[]): string | null {
  if (x.length > longestList) return `a list of ${x.length} integers is longer than ${longestList}`;
  for (const v of x) {
    if (!Number.isInteger(v)) return `${v} is not an integer`;
    if (Math.abs(v) > largestInteger) return `${v} is outside -${largestInteger}..${largestInteger}`;
  }
  return null;
}

/** A leading blank before each integer; nothing for an empty list. Throws `UnencodableError`. */
export function writeList(x: readonly number[]): string {
  const reason = unwritableList(x);
  if (reason) throw new UnencodableError(`The embedded model cannot read this value: ${reason}.`);
  let text = '';
  for (const v of x) text += ` ${v}`;
  return text;
}

/** Reads what `writeList` wrote, or null. */
export function readList(text: string): number[] | null {
  if (!/^(?: -?\d{1,2})*$/.test(text)) return null;
  return text
    .split(' ')
    .slice(1)
    .map((v) => Number(v) + 0);
}

/** `[3, -1]`, as Python prints it. */
export function listSource(x: readonly number[]): string {
  return `[${x.join(', ')}]`;
}

/** Reads a Python list of integers in its plain form, or null. */
export function readListSource(source: string): number[] | null {
  const inside = /^\s*\[\s*(.*?)\s*\]\s*$/s.exec(source)?.[1];
  if (inside === undefined) return null;
  if (inside === '') return [];
  const items = inside.replace(/,$/, '').split(',');
  if (!items.every((item) => /^\s*-?\d+\s*$/.test(item))) return null;
  return items.map((item) => Number(item) + 0);
}

/** The whole Python function. */
export function programSource(program: readonly Operation[]): string {
  return pieces.begin + writeLines(program) + pieces.end;
}

/** The operations of a program written in this format (comments allowed), or null for any other. */
export function readProgram(source: string): Operation[] | null {
  const lines = source.trimEnd().split('\n');
  if (lines[0]?.trimEnd() !== pieces.begin.trimEnd() || lines.length < 2) return null;
  if (lines[lines.length - 1] !== pieces.end.trimEnd()) return null;
  const program: Operation[] = [];
  for (const line of lines.slice(1, -1)) {
    const operation = operationOfLine(line);
    if (!operation) return null;
    program.push(operation);
  }
  return program;
}

/** `sort, then reverse`. */
export function titleOf(program: readonly Operation[]): string {
  return program.map((operation) => operation.words).join(pieces.next);
}

const words = new Set(operations.map((operation) => operation.words));

/** The title itself where it is made of known operations' words alone, else null. */
export function readTitle(title: string): string | null {
  return title.split(pieces.next).every((part) => words.has(part)) ? title : null;
}

/** The operations' lines, without head and return. */
export function writeLines(program: readonly Operation[]): string {
  let text = '';
  for (const operation of program) text += lineOf(operation) + pieces.newline;
  return text;
}

export interface ListExample {
  input: readonly number[];
  output: readonly number[];
}

/** One `input -> output` a line. */
export function writeExamples(examples: readonly ListExample[]): string {
  let text = '';
  for (const { input, output } of examples) {
    text += writeList(input) + pieces.maps + writeList(output) + pieces.newline;
  }
  return text;
}

const titleLine = (title: string) => (title === '' ? '' : title + pieces.newline);

/** Prompts, from plain values. */
export const prompts = {
  induction: (examples: readonly ListExample[]): string =>
    pieces.induction + writeExamples(examples) + pieces.begin,
  deduction: (program: readonly Operation[], input: readonly number[]): string =>
    pieces.deduction + writeLines(program) + writeList(input) + pieces.maps + pieces.newline + pieces.begin,
  abduction: (program: readonly Operation[], output: readonly number[]): string =>
    pieces.abduction + writeLines(program) + pieces.maps + writeList(output) + pieces.newline + pieces.begin,
  /** `title` may be empty: then the teacher reads examples only. */
  lemma: (axis: 'f' | 'io', title: string, examples: readonly ListExample[]): string =>
    pieces.lemma + pieces[axis] + titleLine(title) + writeExamples(examples) + pieces.begin,
  /** `title` is the goalpost's, and empty outside of the ablation. */
  lift: (
    axis: 'f' | 'io',
    title: string,
    lemma: readonly Operation[],
    examples: readonly ListExample[],
  ): string =>
    pieces.lift +
    pieces[axis] +
    titleLine(title) +
    writeLines(lemma) +
    writeExamples(examples) +
    pieces.begin,
  unguided: (): string => pieces.unguided + pieces.begin,
};

/** Answers that the model is trained to give, from plain values. */
export const answers = {
  /** The program with the state of one input after each line: the answer to induction and deduction. */
  traced: (program: readonly Operation[], input: readonly number[]): string => {
    const states = trace(program, input);
    let text = '';
    for (const [i, operation] of program.entries()) {
      text += lineOf(operation) + pieces.trace + writeList(states[i + 1]!) + pieces.newline;
    }
    return text + pieces.end;
  },
  /** Abduction: from the last line back, the state before each line; the last one is the input. */
  backward: (program: readonly Operation[], input: readonly number[]): string => {
    const states = trace(program, input);
    let text = '';
    for (let i = program.length - 1; i >= 0; i--) {
      text += lineOf(program[i]!) + pieces.from + writeList(states[i]!) + pieces.newline;
    }
    return text + pieces.end;
  },
  /** A proposal: the bare program, then one input a line. */
  proposal: (program: readonly Operation[], inputs: readonly (readonly number[])[]): string => {
    let text = writeLines(program);
    for (const input of inputs) text += writeList(input) + pieces.newline;
    return text + pieces.end;
  },
};
