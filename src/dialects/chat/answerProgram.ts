/** The program in a chat answer. */
import type { Parsed } from '../../gasp/ports.ts';
import { type AnswerParts, readAnswer } from './answerBlocks.ts';
import { dedent, definedFunction, mask, topLevelStatements } from './source.ts';

export interface FoundProgram {
  /** Defines `f` at the top of the module. */
  program: string;
  /** The function's name in the answer. */
  name: string;
}

/** Code that may hold the program. `loose`: prose may be mixed in, so only what is surely code counts. */
interface Candidate {
  code: string;
  loose: boolean;
  /** Earlier blocks, which may define names that the code uses. */
  before: string[];
}

/**
 * The program that an answer gives, with examples of its use left out. Where several blocks define a
 * function `f`, the last one that is whole counts, since corrections come last; a function of another
 * name counts where none is named `f`.
 */
export function findProgram(text: string): Parsed<FoundProgram> {
  const answer = readAnswer(text);
  const found = candidates(answer).flatMap((candidate) => readProgram(candidate) ?? []);
  const best = found.find(({ name }) => name === 'f') ?? found[0];
  if (best) return { ok: true, value: best };
  const cut = answer.blocks.some((block) => !block.closed);
  return {
    ok: false,
    reason: cut ? 'It was cut off before it defined a function.' : 'It defines no function f.',
  };
}

function candidates({ blocks, prose }: AnswerParts): Candidate[] {
  const inBlocks = blocks.map(
    ({ text, closed }, i): Candidate => ({
      code: text,
      loose: !closed,
      before: blocks.slice(0, i).map((b) => b.text),
    }),
  );
  const order = inBlocks.reverse();
  return [
    ...order.filter((c) => !c.loose),
    ...order.filter((c) => c.loose),
    { code: indentedCode(prose), loose: true, before: [] },
  ];
}

/** Prose from its first line of code on, moved to the left where all of its code is indented. */
function indentedCode(prose: string): string {
  if (/^(?:async )?def /m.test(prose)) return prose;
  const at = prose.search(/^[ \t]+(?:@\w|def |import |from )/m);
  return at < 0 ? prose : dedent(prose.slice(at).replace(/\n(?=\S)[\s\S]*$/, ''));
}

function readProgram({ code, loose, before }: Candidate): FoundProgram | undefined {
  const all = topLevelStatements(code);
  const statements = loose ? all.filter(isCode) : all;
  const functions = statements.flatMap((s) => definedFunction(s) ?? []).filter((n) => n !== 'main');
  const name = functions.includes('f') ? 'f' : (functions.findLast((n) => !isTest(n)) ?? functions.at(-1));
  const method = name === undefined ? solutionMethod(statements) : undefined;
  const called = name ?? method?.name;
  if (called === undefined) return undefined;
  const kept = statements.filter((s) => !isDemonstration(s, called));
  const parts = [...helpers(before, kept), ...kept];
  if (name !== 'f') parts.push(`f = ${method?.expression ?? name}`);
  const whole = parts.length === all.length && name === 'f';
  return { program: `${whole ? code.trimEnd() : parts.join('\n')}\n`, name: called };
}

const isTest = (name: string) => /^(?:main|_*test\w*|check)$/.test(name);

/** `class Solution` with one method, as on sites for programming contests. */
function solutionMethod(statements: readonly string[]): { name: string; expression: string } | undefined {
  for (const statement of statements) {
    const type = /^class\s+([A-Za-z_]\w*)/.exec(statement)?.[1];
    const methods = [...mask(statement).matchAll(/^\s+def\s+(?!__)([A-Za-z_]\w*)\s*\(\s*self\b/gm)];
    const name = methods.map((m) => m[1]!).find((n, _, names) => n === 'f' || names.length === 1);
    if (type && name) return { name, expression: `${type}().${name}` };
  }
  return undefined;
}

const DEFINES = /^(?:(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[(:]|@\w)/;
const IMPORTS =
  /^(?:import\s+[\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*|from\s+[\w.]+\s+import\s+[\w*(,\s)]+)\s*(?:#.*)?$/;
const ASSIGNS =
  /^[A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_]\w*)*(?:\[[^\]\n]*\])?\s*(?::\s*[\w[\], .|]+)?\s*(?:[-+*/%|&^]|\/\/|\*\*|<<|>>)?=(?!=)/;
const COMPOUND = /^(?:for|while|if|with|try)\b[^\n]*:[ \t]*(?:#[^\n]*)?\n/;

/** Whether a statement is surely code, where prose may stand between. */
function isCode(statement: string): boolean {
  return (
    DEFINES.test(statement) ||
    IMPORTS.test(statement) ||
    COMPOUND.test(`${statement}\n`) ||
    (ASSIGNS.test(statement) && !/[.!?]$/.test(statement))
  );
}

/** Whether a statement only shows or tests the function: it would run, print or fail in the judge. */
function isDemonstration(statement: string, name: string): boolean {
  const defined = definedFunction(statement);
  if (defined !== undefined) return defined !== name && isTest(defined);
  if (DEFINES.test(statement)) return /^class\s+Test/.test(statement);
  if (/^(?:assert\b|if\s+__name__\b|main\(\)|import\s+(?:unittest|pytest)\b)/.test(statement)) return true;
  return [name, 'print', 'input', 'main'].some((called) =>
    new RegExp(`(?<![\\w.])${called}\\s*\\(`).test(mask(statement)),
  );
}

/** Definitions and imports of earlier blocks that these statements name and do not define. */
function helpers(before: readonly string[], statements: readonly string[]): string[] {
  const used = mask(statements.join('\n'));
  const names = (s: string) => new RegExp(`\\b${s}\\b`).test(used);
  const own = new Set(statements.flatMap((s) => definedName(s) ?? []));
  return before.flatMap(topLevelStatements).filter((s) => {
    const name = definedName(s);
    return name !== undefined && !own.has(name) && names(name);
  });
}

function definedName(statement: string): string | undefined {
  return (
    definedFunction(statement) ??
    /^class\s+([A-Za-z_]\w*)/.exec(statement)?.[1] ??
    (IMPORTS.test(statement) ? /([A-Za-z_]\w*)\s*(?:#.*)?$/.exec(statement)?.[1] : undefined)
  );
}
