/** The value, or the argument list, in a chat answer. */
import type { Parsed } from '../../gasp/ports.ts';
import { sameValue } from '../../pytext/sameValue.ts';
import { type Block, readAnswer } from './answerBlocks.ts';
import {
  callArguments,
  closingBracket,
  isBalanced,
  mask,
  maskStrings,
  topLevelStatements,
} from './source.ts';

/** Whether the text is a Python literal: a value that a judge could compare. */
const isLiteral = (text: string) => sameValue(text, text);

/** Whether the text is literals with commas between, such as the brackets of a call hold. */
const isLiteralList = (text: string) => text !== '' && isLiteral(`[${text}]`);

type Read = (text: string) => string | undefined;

/** An output's source, for a question with these `outputs`: what the last block says, or else the prose. */
export function findOutput(text: string, outputs: readonly string[]): Parsed<string> {
  const accept = outputs.every(isList) ? isLiteralList : isLiteral;
  const found = find(text, /^(?:outputs?|answer|result)$/, ({ text: code }) => valueIn(code, accept), {
    tells: /output|return|result|answer|evaluate|give|equal|==|->|→/i,
    reason: NO_VALUE,
  });
  return inBrackets(found, outputs);
}

/** The output that a line is, with nothing but marks around it. */
export function outputOf(line: string, outputs: readonly string[]): Parsed<string> {
  const bare = withoutMarks(line.replace(/`{3}.*$/, ''));
  const reads = outputs.every(isList) ? isLiteralList(bare) : isLiteral(bare);
  return reads ? inBrackets({ ok: true, value: bare }, outputs) : { ok: false, reason: NO_VALUE };
}

const NO_VALUE = 'It gives no Python value.';

/** An argument list's source, for a question with these `inputs`: what the last block says, or else the prose. */
export function findInput(text: string, inputs: readonly string[]): Parsed<string> {
  const found = find(text, /^inputs?$/, argumentsIn, {
    tells: /input|argument|f\s*\(|answer/i,
    reason: 'It gives no input for f.',
  });
  return inBrackets(found, inputs);
}

/** Small models leave the brackets of a list out: `1, 2` is one where all of the question's own are lists. */
function inBrackets(found: Parsed<string>, own: readonly string[]): Parsed<string> {
  if (!found.ok || isLiteral(found.value) || !isLiteralList(found.value)) return found;
  // Lists among them are arguments one by one, or the list that they are in is anybody's guess.
  if (/[[({]/.test(mask(found.value))) return found;
  return own.every(isList) ? { ok: true, value: `[${found.value}]` } : found;
}

const isList = (value: string) => value.startsWith('[') && closingBracket(mask(value), 0) === value.length;

function find(
  text: string,
  language: RegExp,
  inBlock: (block: Block) => string | undefined,
  { tells, reason }: { tells: RegExp; reason: string },
): Parsed<string> {
  const { blocks, prose } = readAnswer(text);
  const newest = blocks.toReversed();
  const named = newest.filter((b) => language.test(b.language));
  const lines = prose.split('\n');
  const inText = (text: string) => inBlock({ language: '', text, closed: true });
  const inLine: Read = (line) => inText(line) ?? last(codeSpans(line), inText);
  const value =
    first([...named, ...newest.filter((b) => !named.includes(b))], inBlock) ??
    last(
      lines.filter((line) => tells.test(line)),
      inLine,
    ) ??
    // A line without any sign of an answer counts only where it is the last.
    inLine(lines.findLast((line) => line.trim()) ?? '');
  return value === undefined ? { ok: false, reason } : { ok: true, value };
}

function first<T>(items: readonly T[], read: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const value = read(item);
    if (value !== undefined) return value;
  }
  return undefined;
}

const last = <T>(items: readonly T[], read: (item: T) => string | undefined) =>
  first(items.toReversed(), read);

const codeSpans = (line: string) => [...line.matchAll(/(`+)(.+?)\1/g)].map((m) => m[2]!);

/**
 * Text that may stand in front of a value: signs of equality, arrows, colons and the words of a sentence. A
 * `#` begins a comment, which may say what the line gives.
 */
const BEFORE =
  /={1,3}>?|->|→|⇒|➞|:|#|\b(?:is|be|are|returns?|outputs?|prints?|equals|gives|to|answer|input)\b/gi;

/** The value in a text such as `Output: [1, 2].`, `f(3) == 4` or `**5**`; of several lines, that of the last one that has one. */
function valueIn(text: string, accept: (text: string) => boolean): string | undefined {
  const bare = withoutMarks(text);
  if (accept(bare)) return bare;
  if (bare.includes('\n')) return last(bare.split('\n'), (line) => valueIn(line, accept));
  const plain = maskStrings(bare);
  for (const { index, 0: sign } of [...plain.matchAll(BEFORE)].toReversed()) {
    if (isInBrackets(plain, index)) continue;
    const value = withoutMarks(bare.slice(index + sign.length));
    if (accept(value)) return value;
  }
  return undefined;
}

function isInBrackets(plain: string, at: number): boolean {
  for (let open = 0; open < at; open++) {
    if (!'([{'.includes(plain[open]!)) continue;
    const end = closingBracket(plain, open);
    if (end > at) return true;
    if (end > 0) open = end - 1;
  }
  return false;
}

/** Without list marks, quotes, emphasis, code marks, LaTeX boxes and the stop that ends a sentence. */
function withoutMarks(text: string): string {
  let bare = text.trim();
  for (let before = ''; before !== bare; ) {
    before = bare;
    bare = bare
      .replace(/^(?:[-*+>]|#+|\d+[.)]|\*\*|__)\s+(?=\S)/, '')
      .replace(/^\\boxed\{(.*)\}$/, '$1')
      .replace(/^(`+|\*\*|__|\$+)([^\n]+?)\1$/, '$2')
      .replace(/[.,;!]$/, '')
      .trim();
  }
  return bare;
}

/** One argument list from a block: a call of `f`, assignments to its parameters, or the list itself. */
function argumentsIn({ language, text }: Block): string | undefined {
  const called = callArguments(text, 'f').filter(isArgumentList).at(-1);
  if (called !== undefined) return called;
  const assigned = topLevelStatements(text).map((s) => /^([A-Za-z_]\w*)\s*=(?!=)\s*([\s\S]+)$/.exec(s));
  if (assigned.length > 1 && assigned.every((m) => m && isLiteral(m[2]!))) {
    return assigned.map((m) => `${m![1]}=${m![2]}`).join(', ');
  }
  const bare = withoutMarks(text);
  if (/^inputs?$/.test(language) && isArgumentList(bare) && topLevelStatements(text).length === 1) {
    const value = assigned[0]?.[2] ?? bare;
    if (isArgumentList(value)) return value;
  }
  return valueIn(text, isLiteralList);
}

/** Whether the text can stand between a call's brackets: balanced, nothing left out, not names alone. */
function isArgumentList(text: string): boolean {
  const plain = mask(text);
  const names = plain.replace(/\b(?:True|False|None)\b/g, '0');
  return isBalanced(text) && !/\.\.\.|…/.test(plain) && !/^[\s,A-Za-z_]*$/.test(names);
}

/** Every argument list that a teacher's text offers for the function that it calls `name`, in order. */
export function findInputs(text: string, name: string): string[] {
  const { blocks, prose } = readAnswer(text);
  const labelled = blocks.filter((b) => /^inputs?$/.test(b.language)).flatMap(inputsOf);
  const called = [...blocks.map((b) => b.text), prose].flatMap((part) => [
    ...callArguments(part, name),
    ...(name === 'f' ? [] : callArguments(part, 'f')),
  ]);
  const found = [...labelled, ...called.filter((a) => isArgumentList(a) && !isCallOfNames(a))];
  // Bare values, only where nothing is said more clearly: a line may also say what a call gives.
  const all =
    found.length > 0 ? found : sectionLines(prose).flatMap((line) => valueIn(line, isLiteralList) ?? []);
  return [...new Set(all)];
}

/** An argument list of names only makes sense where they are defined. */
const isCallOfNames = (list: string) =>
  /(?<![\w."'])[A-Za-z_]\w*(?!\s*[=(\w])/.test(
    mask(list).replace(/\b(?:True|False|None|for|in|if|else|not|and|or|lambda)\b/g, '0'),
  );

function inputsOf(block: Block): string[] {
  const one = withoutMarks(block.text);
  const lines = block.text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const each = lines.flatMap((line) => argumentsIn({ ...block, text: line }) ?? []);
  if (lines.length > 1 && each.length === lines.length) return each;
  return isLiteralList(one) ? [one] : argumentsIn(block) ? [argumentsIn(block)!, ...each] : each;
}

/** Lines below a heading such as `Inputs:`, up to the next blank line or heading. */
function sectionLines(prose: string): string[] {
  const out: string[] = [];
  let inside = false;
  for (const line of prose.split('\n')) {
    const heading = /^\W*(?:\w+\s+){0,2}inputs?\b[^:]*:\W*(.*)$/i.exec(line);
    if (heading) {
      inside = true;
      if (heading[1]) out.push(line);
    } else if (!line.trim()) inside &&= out.length === 0;
    else if (inside) out.push(line);
  }
  return out;
}
