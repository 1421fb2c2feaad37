/** A question's own program as the student would answer: what follows the head that its prompt gives. */
import type { Question } from '../../gasp/question.ts';
import { annotation } from '../../pytext/annotation.ts';
import { answerBeginning, FENCE } from './prompts.ts';
import { closingBracket, definedFunction, mask, maskStrings, topLevelStatements } from './source.ts';

/**
 * Undefined where the program's `f` does not fit under the given head: it takes other parameters, or its parameter
 * cannot be given another name by search alone. Statements beside `f` follow it: they are run before it is called.
 */
export function writeReference(question: Question): string | undefined {
  const head = answerBeginning({ type: 'induction', question }).slice(FENCE.length);
  if (question.benchmark) return underStarter(head, question.program.trim());
  const statements = topLevelStatements(question.program.trim());
  const at = statements.findLastIndex((statement) => definedFunction(statement) === 'f');
  const own = statements[at];
  if (own === undefined) return undefined;
  const function_ = own.startsWith(head) ? own.slice(head.length) : underHead(head, own, question);
  if (function_ === undefined) return undefined;
  return `${[function_.trimEnd(), ...statements.toSpliced(at, 1)].join('\n\n')}\n\`\`\``;
}

/** A benchmark's own solution: what follows the head that the prompt gives, where it begins with that one. */
function underStarter(head: string, program: string): string | undefined {
  return program !== '' && program.startsWith(head) ? `${program.slice(head.length)}\n\`\`\`` : undefined;
}

/** The function from its type on, below a head of the form `def f(nums: list[int]) ->`. */
function underHead(head: string, own: string, { program, outputs }: Question): string | undefined {
  const name = /^def f\((\w+): .*\) ->$/.exec(head)?.[1];
  if (name === undefined || !own.startsWith('def f(')) return undefined;
  const plain = mask(own);
  const open = 'def f'.length;
  const end = closingBracket(plain, open);
  const parameter = soleParameter(plain.slice(open + 1, end - 1));
  const rest = /^\s*(?:->\s*([^:\n]+?)\s*)?:/.exec(plain.slice(end));
  if (parameter === undefined || !rest) return undefined;
  const body = renamed(own.slice(end + rest[0].length), parameter, name, program);
  const type = plainType(rest[1]) ?? annotation(outputs) ?? 'object';
  return body === undefined ? undefined : ` ${type}:${body}`;
}

/** The name of the only parameter, which has no default. */
function soleParameter(parameters: string): string | undefined {
  let outside = parameters;
  for (let before = ''; before !== outside; ) {
    before = outside;
    outside = before.replace(/\[[^[\]]*\]/g, '');
  }
  return /^\s*([A-Za-z_]\w*)\s*(?::[^,=]*)?,?\s*$/.exec(outside)?.[1];
}

const TYPES = new Set(['int', 'float', 'str', 'bool', 'bytes', 'list', 'dict', 'set', 'tuple', 'None']);

/** An annotation that needs no import: imports would stand below it. */
const plainType = (type: string | undefined) =>
  type?.match(/[\w.]+/g)?.every((word) => TYPES.has(word)) ? type : undefined;

/** The body with another name for its parameter. Undefined where that could change what it does. */
function renamed(body: string, from: string, to: string, program: string): string | undefined {
  if (from === to) return body;
  const plain = mask(body);
  const word = (name: string) => new RegExp(`(?<![\\w.])${name}\\b`, 'g');
  const count = (code: string) => code.match(word(from))?.length ?? 0;
  const taken = word(to).test(mask(program));
  const keyword = new RegExp(`[(,]\\s*${from}\\s*=(?!=)`).test(plain);
  // A string that is formatted may name it.
  const inStrings = count(maskStrings(body)) < count(body) && /\b(?:f|F|[rR][fF]|[fF][rR])["']/.test(body);
  if (taken || keyword || inStrings) return undefined;
  let out = '';
  let at = 0;
  for (const { index } of plain.matchAll(word(from))) {
    out += body.slice(at, index) + to;
    at = index + from.length;
  }
  return out + body.slice(at);
}
