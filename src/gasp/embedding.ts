/**
 * An embedding of a question's text and code that needs no model: cosine similarity is 1 for the same
 * program in other words, and falls with each statement that computes something else.
 *
 * Statements are compared by what they compute and what they compute it from. Local names, comments,
 * layout and constants are abstracted; a variable stands for the statement that last assigned it, so
 * independent statements may trade places while dependent ones may not. Inputs are left to `similarity.ts`.
 *
 * In a pipeline (`x = sorted(x)`, one operation on one value a line) each line with its constants *is*
 * the algorithm, not a detail of it: such programs carry one more part that agrees only where all
 * operations, constants and their order do.
 */
import type { Question } from './question.ts';
import { pythonStatements, type Statement, type Token } from '../pytext/tokens.ts';

/** A sparse vector of length 1: weights by feature. */
export type Embedding = ReadonlyMap<string, number>;

/**
 * Squared length of each part before normalization. Constants and text are small enough that changing
 * all of them leaves a similarity of 0.96; the whole pipeline is large enough that any change of it
 * leaves at most 0.9.
 */
const SHARES = {
  ordinary: { structure: 0.96, constants: 0.02, text: 0.02, whole: 0 },
  pipeline: { structure: 0.83, constants: 0.05, text: 0.02, whole: 0.1 },
};

export function embedQuestion(question: Pick<Question, 'title' | 'message' | 'program'>): Embedding {
  const { structure, constants, whole } = programFeatures(question.program);
  const text = `${question.title} ${question.message}`.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const shares = whole === undefined ? SHARES.ordinary : SHARES.pipeline;
  const vector = new Map<string, number>();
  const add = (part: string, features: readonly string[], share: number) => {
    // The root of a count keeps a line that occurs twice from outweighing all others; squared lengths
    // of the root are plain counts, which makes `share` exact.
    const scale = Math.sqrt(share / features.length);
    for (const [feature, count] of counts(features))
      vector.set(`${part} ${feature}`, scale * Math.sqrt(count));
  };
  add('structure', structure, shares.structure);
  add('constants', constants, shares.constants);
  add('text', text, shares.text);
  if (whole !== undefined) add('whole', [whole], shares.whole);
  const length = Math.sqrt([...vector.values()].reduce((sum, x) => sum + x * x, 0));
  for (const [feature, value] of vector) vector.set(feature, value / length);
  return vector;
}

/** In [0, 1]: no feature has a negative weight. */
export function cosine(a: Embedding, b: Embedding): number {
  const [few, many] = a.size <= b.size ? [a, b] : [b, a];
  let dot = 0;
  for (const [feature, value] of few) dot += value * (many.get(feature) ?? 0);
  return Math.min(1, dot);
}

function counts(features: readonly string[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const feature of features) out.set(feature, (out.get(feature) ?? 0) + 1);
  return out;
}

interface ProgramFeatures {
  structure: string[];
  constants: string[];
  /** Set for pipelines. */
  whole?: string;
}

/** A statement taken apart: names that it sets, and the rest as a template over the names it reads. */
interface Reading {
  depth: number;
  /** Local names set here, in order. */
  targets: string[];
  /** Local names read here that come from outside of the statement, in order of first appearance. */
  reads: string[];
  /** Its text with local names numbered and constants blanked, and the same with its constants. */
  shape: string;
  concrete: string;
  isDefinition: boolean;
  isAssignment: boolean;
}

function programFeatures(program: string): ProgramFeatures {
  const statements = pythonStatements(program).map(normalize);
  const locals = localNames(statements);
  const readings = statements.map((statement) => read(statement, locals));
  const structure: string[] = [];
  const constants: string[] = [];
  // Functions are known everywhere in the program, variables from where they are set.
  const functions = new Map(
    readings.flatMap((r) => (r.isDefinition && r.targets[0] ? [[r.targets[0], 'function'] as const] : [])),
  );
  let variables = new Map<string, string>();
  const blocks: string[] = [];
  for (const reading of readings) {
    blocks.length = Math.min(blocks.length, reading.depth);
    const origins = reading.reads.map((name) => variables.get(name) ?? functions.get(name) ?? 'unset');
    if (reading.isDefinition) {
      variables = new Map(reading.targets.slice(1).map((name, i) => [name, `parameter ${i}`]));
    } else {
      // In its place a statement counts double, so that moving one in a dozen makes a new program.
      const placed = `${reading.shape} < ${origins.join(' & ')} in ${blocks.at(-1) ?? ''}`;
      structure.push(reading.shape, placed, placed);
      if (reading.concrete !== reading.shape) constants.push(reading.concrete);
      for (const [i, name] of reading.targets.entries()) variables.set(name, `${reading.shape} . ${i}`);
    }
    blocks[reading.depth] = reading.isDefinition ? 'def' : reading.shape;
  }
  if (!isPipeline(readings)) return { structure, constants };
  return { structure, constants, whole: readings.map((r) => r.concrete).join('\n') };
}

/** One function of one value; each line computes the next value from the last one alone. */
function isPipeline(readings: readonly Reading[]): boolean {
  const [head, ...body] = readings;
  const end = body.pop();
  if (!head?.isDefinition || head.targets.length !== 2 || !end || body.length === 0) return false;
  let value = head.targets[1];
  for (const line of body) {
    if (!line.isAssignment || line.depth !== 1 || line.targets.length !== 1) return false;
    if (line.reads.length !== 1 || line.reads[0] !== value) return false;
    value = line.targets[0];
  }
  return end.depth === 1 && end.shape === 'return $0' && end.reads[0] === value;
}

/** `x += 1` becomes `x = x + 1`; annotations and the colon of a header go. */
function normalize({ tokens, depth }: Statement): Statement {
  let out = tokens.slice();
  if (out[0]!.text === 'def' || out[0]!.text === 'async') return { tokens: signature(out), depth };
  if (out.length > 1 && out.at(-1)!.text === ':') out.pop();
  const at = topLevel(out, (t) => t.kind === 'operator' && /^(?:\*\*|\/\/|>>|<<|[-+*/%@&|^])=$/.test(t.text));
  if (at > 0) {
    const target = out.slice(0, at);
    const operator: Token = { kind: 'operator', text: out[at]!.text.slice(0, -1) };
    out = [...target, { kind: 'operator', text: '=' }, ...target, operator, ...out.slice(at + 1)];
  }
  if (out[0]!.kind === 'name' && out[1]?.text === ':') {
    const equals = topLevel(out, (t) => t.text === '=');
    out = equals < 0 ? out.slice(0, 1) : [out[0]!, ...out.slice(equals)];
  }
  return { tokens: out, depth };
}

/** A `def` header without annotations: its name, its parameters and their defaults. */
function signature(tokens: Token[]): Token[] {
  const out: Token[] = [];
  let level = 0;
  let annotation = false;
  for (const t of tokens) {
    if (t.kind === 'operator' && ')]}'.includes(t.text)) level--;
    if (level === 1 && (t.text === ',' || t.text === '=')) annotation = false;
    if (level === 1 && t.text === ':') annotation = true;
    if (level === 0 && (t.text === '->' || t.text === ':')) break;
    if (level === 0) annotation = false;
    if (!annotation) out.push(t);
    if (t.kind === 'operator' && '([{'.includes(t.text)) level++;
  }
  return out;
}

/** Position of the first token outside of brackets that `matches`, or -1. */
function topLevel(tokens: readonly Token[], matches: (t: Token) => boolean, from = 0): number {
  let level = 0;
  for (let i = from; i < tokens.length; i++) {
    const t = tokens[i]!;
    if (t.kind === 'operator' && '([{'.includes(t.text)) level++;
    if (t.kind === 'operator' && ')]}'.includes(t.text)) level--;
    if (level === 0 && matches(t)) return i;
  }
  return -1;
}

/** All names that the program binds, wherever it does. */
function localNames(statements: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  for (const { tokens } of statements) {
    for (const name of [...targetsOf(tokens).names, ...innerNames(tokens)]) names.add(name);
  }
  return names;
}

/** The names that a statement sets, and where the part begins that computes them. */
function targetsOf(tokens: readonly Token[]): {
  names: string[];
  from: number;
  kind: 'def' | 'set' | 'none';
} {
  const first = tokens[0]!;
  if (first.text === 'def' || first.text === 'async') {
    const open = tokens.findIndex((t) => t.text === '(');
    const names: string[] = [];
    tokens.forEach((t, i) => {
      const before = tokens[i - 1]?.text ?? '';
      if (t.kind === 'name' && (before === 'def' || (i > open && /^(?:[(,*]|\*\*)$/.test(before))))
        names.push(t.text);
    });
    return { names, from: tokens.length, kind: 'def' };
  }
  const stop = first.text === 'for' ? 'in' : '=';
  const start = first.text === 'for' ? 1 : 0;
  // In a chain `a = b = value` the last `=` ends the targets.
  let from = -1;
  for (let i = topLevel(tokens, (t) => t.text === stop, start); i >= 0; ) {
    from = i;
    i = stop === '=' ? topLevel(tokens, (t) => t.text === stop, i + 1) : -1;
  }
  if (from < 0) {
    const as = topLevel(tokens, (t) => t.text === 'as');
    const named = as > 0 && /^(?:with|except|import|from)$/.test(first.text) ? tokens[as + 1] : undefined;
    return { names: named?.kind === 'name' ? [named.text] : [], from: 0, kind: 'none' };
  }
  const targets = tokens.slice(start, from);
  // `d[k] = v` and `o.a = v` read what they change: their target stays part of what is computed.
  const simple =
    targets.every((t) => t.kind === 'name' || /^[=,()[\]*]$/.test(t.text)) && !isIndexed(targets);
  if (simple) {
    return { names: targets.filter((t) => t.kind === 'name').map((t) => t.text), from, kind: 'set' };
  }
  return { names: targets[0]?.kind === 'name' ? [targets[0].text] : [], from: 0, kind: 'none' };
}

function isIndexed(tokens: readonly Token[]): boolean {
  return tokens.some((t, i) => t.text === '[' && i > 0 && /^[\p{L}_)\]]/u.test(tokens[i - 1]!.text));
}

/** Names bound inside of an expression: by a comprehension, a lambda or `:=`. */
function innerNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  tokens.forEach((t, i) => {
    const before = tokens[i - 1];
    if (t.text === ':=' && before?.kind === 'name') names.add(before.text);
    const end = t.text === 'for' && i > 0 ? 'in' : t.text === 'lambda' ? ':' : undefined;
    if (t.kind !== 'keyword' || end === undefined) return;
    for (let j = i + 1; j < tokens.length && tokens[j]!.text !== end; j++) {
      // A default of a lambda's parameter is read, not bound.
      if (tokens[j]!.kind === 'name' && tokens[j - 1]!.text !== '=') names.add(tokens[j]!.text);
    }
  });
  return names;
}

function read({ tokens, depth }: Statement, locals: ReadonlySet<string>): Reading {
  const { names, from, kind } = targetsOf(tokens);
  const inner = innerNames(tokens);
  const numbers = new Map<string, number>();
  const words: string[] = [];
  if (kind === 'set') words.push(`${tokens[0]!.text === 'for' ? 'for' : 'set'} ${names.length}`);
  const constants: (string | undefined)[] = words.map(() => undefined);
  for (let i = from; i < tokens.length; i++) {
    const t = tokens[i]!;
    // `o.name` and `call(name=...)` name something that is not a variable.
    const isVariable =
      t.kind === 'name' &&
      locals.has(t.text) &&
      tokens[i - 1]?.text !== '.' &&
      !(tokens[i + 1]?.text === '=' && /^[(,]$/.test(tokens[i - 1]?.text ?? ''));
    if (isVariable) {
      if (!numbers.has(t.text)) numbers.set(t.text, numbers.size);
      words.push(`$${numbers.get(t.text)}`);
    } else words.push(t.kind === 'number' || t.kind === 'string' ? '#' : t.text);
    constants.push(t.kind === 'number' || t.kind === 'string' ? t.text : undefined);
  }
  return {
    depth,
    targets: names,
    reads: [...numbers.keys()].filter((name) => !inner.has(name)),
    shape: words.join(' '),
    concrete: words.map((word, i) => constants[i] ?? word).join(' '),
    isDefinition: kind === 'def',
    isAssignment: kind === 'set' && tokens[0]!.text !== 'for',
  };
}
