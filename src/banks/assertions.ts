/** Assertions of test scripts as inputs and expected values, by parsing: nothing is run. */
import { nextToken } from '../pytext/tokens.ts';
import { sameValue } from '../pytext/sameValue.ts';
import type { CallCase, Check, Expected } from './problem.ts';

/** `scope` is set where inputs name what only the judged program defines, such as its classes. */
export type ReadAssertions = { ok: true; cases: CallCase[]; scope?: 'program' } | { ok: false; why: string };

/**
 * Reads a script that consists of `assert`s about calls of `callee`. Anything else in it (loops,
 * variables, helpers) means that it has to stay a script; `why` says what that was.
 * @param entry what the function is called in the solution: expected values may use it
 */
export function readAssertions(script: string, callee: string, entry: string): ReadAssertions {
  const cases: CallCase[] = [];
  let scope: 'program' | undefined;
  for (const statement of statements(script)) {
    if (isNothing(statement)) continue;
    const read = readAssertion(statement, callee, entry);
    if (read === 'nothing') continue;
    if (!read) return { ok: false, why: `"${brief(sourceOf(statement))}" is no plain assertion.` };
    if (read.scope) scope = 'program';
    cases.push(read.case);
  }
  if (cases.length === 0) return { ok: false, why: `It asserts nothing about ${entry}.` };
  return { ok: true, cases, ...(scope && { scope }) };
}

/** The function of `solution` that a script calls, or hands to who calls it; else a class of the solution. */
export function calledFunction(script: string, solution: string): string | undefined {
  const defined = (word: string) =>
    new Set([...solution.matchAll(new RegExp(`^${word}\\s+(\\w+)`, 'gm'))].map(([, name]) => name!));
  const [functions, classes] = [defined('(?:async\\s+)?def'), defined('class')];
  const called = [...script.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(([, name]) => name!);
  const named = [...script.matchAll(/\b[A-Za-z_]\w*/g)].map(([name]) => name);
  return (
    called.find((name) => functions.has(name)) ??
    named.find((name) => functions.has(name)) ??
    named.find((name) => classes.has(name))
  );
}

interface Piece {
  kind: string;
  text: string;
  /** Where it begins and ends in `source`. */
  start: number;
  end: number;
  source: string;
}

/** Statements as tokens with their places; layout ends a statement only outside of brackets. */
function statements(source: string): Piece[][] {
  const found: Piece[][] = [];
  let pieces: Piece[] = [];
  let depth = 0;
  for (let at = 0; at < source.length; ) {
    const [kind, text] = nextToken(source, at);
    if (depth === 0 && (kind === 'newline' || text === ';')) {
      found.push(pieces);
      pieces = [];
    } else if (kind !== 'blank' && kind !== 'newline') {
      pieces.push({ kind, text, start: at, end: at + text.length, source });
      if (kind === 'operator' && '([{'.includes(text)) depth++;
      if (kind === 'operator' && ')]}'.includes(text)) depth--;
    }
    at += text.length;
  }
  found.push(pieces);
  return found.filter((one) => one.length > 0);
}

function sourceOf(pieces: readonly Piece[]): string {
  return pieces.length === 0 ? '' : pieces[0]!.source.slice(pieces[0]!.start, pieces.at(-1)!.end);
}

function brief(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** Statements without effect: a docstring, `pass`, a name. */
function isNothing(pieces: readonly Piece[]): boolean {
  if (pieces.every(({ kind }) => kind === 'string')) return true;
  return pieces.length === 1 && ['pass', 'print'].includes(pieces[0]!.text);
}

function readAssertion(
  statement: readonly Piece[],
  callee: string,
  entry: string,
): { case: CallCase; scope: boolean } | 'nothing' | undefined {
  if (statement[0]!.text !== 'assert') return undefined;
  const [claim = []] = splitAt(statement.slice(1), ',');
  const inner = unwrap(claim);
  if (inner.length === 1 && inner[0]!.text === 'True') return 'nothing';
  const make = (asked: readonly Piece[], check: Check, expected: Expected) => {
    const args = calledWith(asked, callee);
    if (!args || !isSelfContained(args, callee, true)) return undefined;
    return {
      case: {
        input: sourceOf(args),
        ...(!argumentsOf(asked, callee) && { asked: sourceOf(asked) }),
        check,
        expected,
      },
      scope: !isSelfContained(args, callee, false),
    };
  };
  if (inner[0]?.text === 'not') {
    return make(unwrap(inner.slice(1)), { kind: 'truth', wanted: false }, { literal: 'False' });
  }
  const equal = splitAt(inner, '==');
  if (equal.length === 2) return readEquality(equal[0]!, equal[1]!, callee, entry, make);
  const same = splitAt(inner, 'is');
  if (same.length === 2 && same[1]!.length === 1) {
    const literal = same[1]![0]!.text;
    if (!/^(?:True|False|None)$/.test(literal)) return undefined;
    return make(unwrap(same[0]!), { kind: 'is' }, { literal });
  }
  return (
    readCloseness(inner, callee, entry, make) ??
    make(inner, { kind: 'truth', wanted: true }, { literal: 'True' })
  );
}

type Make = (
  call: readonly Piece[],
  check: Check,
  expected: Expected,
) => { case: CallCase; scope: boolean } | undefined;

function readEquality(
  left: readonly Piece[],
  right: readonly Piece[],
  callee: string,
  entry: string,
  make: Make,
): ReturnType<Make> {
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const expected = expectedOf(other, callee, entry);
    if (!expected) continue;
    const made = make(unwrap(side), { kind: 'equal' }, expected);
    if (made) return made;
  }
  return undefined;
}

/** `abs(candidate(...) - value) < 1e-6`, also as `math.fabs` and with `<=`. */
function readCloseness(claim: readonly Piece[], callee: string, entry: string, make: Make): ReturnType<Make> {
  const sides = [splitAt(claim, '<'), splitAt(claim, '<=')].find((parts) => parts.length === 2);
  if (!sides) return undefined;
  const tolerance = Number(sourceOf(sides[1]!));
  let distance = unwrap(sides[0]!);
  if (distance[0]?.text === 'math' && distance[2]?.text === 'fabs') distance = distance.slice(2);
  const args = argumentsOf(distance, 'abs') ?? argumentsOf(distance, 'fabs');
  if (!args || !(tolerance > 0)) return undefined;
  const [value, expected, ...more] = splitAt(args, '-');
  if (!value || !expected || more.length > 0) return undefined;
  const wanted = expectedOf(expected, callee, entry);
  return wanted && make(unwrap(value), { kind: 'within', tolerance }, wanted);
}

/** Splits at an operator or keyword that stands outside of brackets. */
function splitAt(pieces: readonly Piece[], separator: string): Piece[][] {
  const parts: Piece[][] = [[]];
  let depth = 0;
  for (const [i, piece] of pieces.entries()) {
    const isOperator = piece.kind === 'operator';
    // A sign is no subtraction.
    const binary = separator !== '-' || (i > 0 && /^(?:[)\]}]|[^\W])/.test(pieces[i - 1]!.text.slice(-1)));
    if (depth === 0 && piece.text === separator && piece.kind !== 'string' && binary) {
      parts.push([]);
      continue;
    }
    if (isOperator && '([{'.includes(piece.text)) depth++;
    if (isOperator && ')]}'.includes(piece.text)) depth--;
    parts.at(-1)!.push(piece);
  }
  return parts;
}

/** Without parentheses around the whole. */
function unwrap(pieces: readonly Piece[]): readonly Piece[] {
  let inner = pieces;
  while (
    inner[0]?.text === '(' &&
    closing(inner, 0) === inner.length - 1 &&
    splitAt(inner.slice(1, -1), ',').length === 1
  ) {
    inner = inner.slice(1, -1);
  }
  return inner;
}

/** Where the bracket at `open` is closed, or -1. */
function closing(pieces: readonly Piece[], open: number): number {
  let depth = 0;
  for (let at = open; at < pieces.length; at++) {
    const { kind, text } = pieces[at]!;
    if (kind !== 'operator') continue;
    if ('([{'.includes(text)) depth++;
    if (')]}'.includes(text) && --depth === 0) return at;
  }
  return -1;
}

/** The arguments of `name(...)`, where that is all there is. */
function argumentsOf(pieces: readonly Piece[], name: string): readonly Piece[] | undefined {
  if (pieces[0]?.text !== name || pieces[0].kind !== 'name' || pieces[1]?.text !== '(') return undefined;
  return closing(pieces, 1) === pieces.length - 1 ? pieces.slice(2, -1) : undefined;
}

/** Builtins that say something of their argument and learn nothing else from a test. */
const SAYS = new Set(
  'set list tuple frozenset sorted dict len sum min max any all str repr bool int float round abs next'.split(
    ' ',
  ),
);

/**
 * The arguments of the one call of `callee` that `asked` is about, where it asks for nothing but the result,
 * something that it has (`f(1).x`, `f(1)[0]`, `f(1)(2)`), or what builtins say of it (`sorted(f(1), key=len)`):
 * such an expression can be evaluated beside an answer, for it holds nothing of what is expected.
 */
function calledWith(asked: readonly Piece[], callee: string): readonly Piece[] | undefined {
  const pieces = unwrap(asked);
  if (pieces[0]?.kind !== 'name' || pieces[1]?.text !== '(') return undefined;
  const close = closing(pieces, 1);
  if (close < 0 || !isPartOfResult(pieces.slice(close + 1), callee)) return undefined;
  const inside = pieces.slice(2, close);
  const name = pieces[0].text;
  if (name === callee) return inside;
  const [first, ...more] = splitAt(inside, ',').filter((part) => part.length > 0);
  if (!SAYS.has(name) || !first || !more.every((part) => isManner(part, callee))) return undefined;
  return calledWith(first, callee);
}

/** `key=...`, `reverse=True`, a number, `None`: how something is to be said. */
function isManner(pieces: readonly Piece[], callee: string): boolean {
  if (pieces.length === 1)
    return pieces[0]!.kind === 'number' || /^(?:True|False|None)$/.test(pieces[0]!.text);
  return (
    /^(?:key|reverse|default)$/.test(pieces[0]!.text) &&
    pieces[1]!.text === '=' &&
    isSelfContained(pieces.slice(2), callee, false)
  );
}

/** Parts of an expression that follow a call: attributes, methods without arguments, elements, and calls of the result. */
function isPartOfResult(pieces: readonly Piece[], callee: string): boolean {
  let named = false;
  for (let at = 0; at < pieces.length; ) {
    const { text } = pieces[at]!;
    if (text === '.' && pieces[at + 1]?.kind === 'name') {
      named = true;
      at += 2;
      continue;
    }
    const close = text === '(' || text === '[' ? closing(pieces, at) : -1;
    if (close < 0 || !isSelfContained(pieces.slice(at + 1, close), callee, false)) return false;
    // A method of a text could be told the expected one: those stay in the script.
    if (text === '(' && named && close > at + 1) return false;
    named = false;
    at = close + 1;
  }
  return true;
}

/** Names that mean the same everywhere. */
const BUILTINS = new Set(
  `True False None int float str bool bytes complex list tuple dict set frozenset range len min max sum
   abs round sorted reversed zip map enumerate ord chr pow divmod for in if else not and or lambda`.split(
    /\s+/,
  ),
);

/** Whether an expression names nothing but builtins, keywords of calls and its own variables. */
function isSelfContained(pieces: readonly Piece[], callee: string, allowProgram: boolean): boolean {
  const own = new Set<string>();
  for (const [i, { text }] of pieces.entries()) {
    if (text === 'for' || text === 'lambda') {
      for (let at = i + 1; at < pieces.length && !['in', ':'].includes(pieces[at]!.text); at++) {
        if (pieces[at]!.kind === 'name') own.add(pieces[at]!.text);
      }
    }
  }
  return pieces.every(({ kind, text }, i) => {
    if (kind !== 'name' && kind !== 'keyword') return true;
    if (BUILTINS.has(text) || own.has(text) || pieces[i + 1]?.text === '=') return true;
    // A call within a call of the judged function would run it while its input is read.
    if (text === callee) return false;
    // Attributes of values, as in "a b".split().
    if (pieces[i - 1]?.text === '.') return true;
    // A class of the program is called; a variable of the script would stand alone.
    return allowProgram && /^[A-Z]/.test(text) && pieces[i + 1]?.text === '(';
  });
}

function expectedOf(pieces: readonly Piece[], callee: string, entry: string): Expected | undefined {
  const source = sourceOf(pieces);
  if (source === '') return undefined;
  if (sameValue(source, source)) return { literal: source };
  if (isSelfContained(pieces, callee, false)) return { source, context: 'none' };
  const rest = pieces.filter(({ text }) => text !== entry);
  // HumanEval/33 expects what the solution itself gives.
  if (entry !== callee && isSelfContained(rest, callee, false)) return { source, context: 'solution' };
  return undefined;
}
