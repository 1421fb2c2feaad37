/**
 * Python in a model's answer, as far as finding its parts needs it. Nothing throws: what is not Python
 * at all, prose for one, is split in some way too.
 */

const STRING =
  /[rbufRBUF]{0,2}("""|''')(?:\\[\s\S]|(?!\1)[^\\])*(?:\1|$)|[rbufRBUF]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/y;
const COMMENT = /#[^\n]*/y;

/**
 * The code with every character of a string literal replaced by `"`, so that brackets and names can be
 * looked for by plain search; positions stay.
 */
export function maskStrings(text: string): string {
  return masked(text, [STRING]);
}

/** The same, with comments replaced by spaces too. */
export function mask(code: string): string {
  return masked(code, [STRING, COMMENT]);
}

function masked(text: string, patterns: readonly RegExp[]): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const found = match(text, at, patterns);
    if (found) out += (found.startsWith('#') ? ' ' : '"').repeat(found.length);
    // A quote that nothing closes on its line is an apostrophe.
    else out += /["']/.test(text[at]!) ? ' ' : text[at];
    at += found?.length ?? 1;
  }
  return out;
}

function match(text: string, at: number, patterns: readonly RegExp[]): string | undefined {
  // A string does not begin within a name or number: that quote is an apostrophe, and that f a letter.
  const inWord = /\w/.test(text[at - 1] ?? '');
  for (const pattern of patterns) {
    if (pattern === STRING && inWord) continue;
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) return found;
  }
  return undefined;
}

const OPENING = '([{';
const CLOSING = ')]}';

/** Position after the bracket that closes the one at `open` in masked code; -1 where none does. */
export function closingBracket(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (OPENING.includes(code[at]!)) depth++;
    else if (CLOSING.includes(code[at]!) && --depth === 0) return at + 1;
  }
  return -1;
}

/** Whether brackets and strings are closed, and there is something. */
export function isBalanced(code: string): boolean {
  const stack: string[] = [];
  for (const c of mask(code)) {
    if (OPENING.includes(c)) stack.push(CLOSING[OPENING.indexOf(c)]!);
    else if (CLOSING.includes(c) && stack.pop() !== c) return false;
  }
  return stack.length === 0 && code.trim() !== '';
}

/** The argument lists of all calls of `name`, definitions aside, in order; empty ones left out. */
export function callArguments(code: string, name: string): string[] {
  const plain = mask(code);
  const out: string[] = [];
  for (const { index, 0: text } of plain.matchAll(new RegExp(`(?<![\\w.])${name}[ \\t]*\\(`, 'g'))) {
    if (/\bdef\s+$/.test(plain.slice(0, index))) continue;
    const open = index + text.length - 1;
    const end = closingBracket(plain, open);
    const argument = end < 0 ? '' : code.slice(open + 1, end - 1).trim();
    if (argument) out.push(argument);
  }
  return out;
}

/** Statements at the top of a module, each with its body, decorators and `else` parts. */
export function topLevelStatements(code: string): string[] {
  const starts: number[] = [];
  let depth = 0;
  let continued = false;
  let decorated = false;
  let at = 0;
  for (const line of mask(code).split('\n')) {
    const begins = /^\S/.test(line);
    // No bracket is open any more where a definition begins: it was one of the prose.
    if (/^(?:def|class|import|from|@)\b/.test(line) || line.startsWith('@')) depth = 0;
    const goesOn = depth > 0 || continued || decorated || /^(?:else|elif|except|finally)\b/.test(line);
    if (begins && !goesOn) starts.push(at);
    if (begins) decorated = line.startsWith('@');
    for (const c of line) {
      if (OPENING.includes(c)) depth++;
      else if (CLOSING.includes(c)) depth = Math.max(0, depth - 1);
    }
    continued = line.endsWith('\\');
    at += line.length + 1;
  }
  return starts.map((start, i) => code.slice(start, starts[i + 1]).trimEnd());
}

/** The name that a top-level statement defines as a function, if it does: a header that was cut off does not. */
export function definedFunction(statement: string): string | undefined {
  const code = statement.replace(/^(?:@[^\n]*\n)+/, '');
  const header = /^(?:async\s+)?def\s+([A-Za-z_]\w*)\s*\(/.exec(code);
  if (header) {
    const plain = mask(code);
    const end = closingBracket(plain, header[0].length - 1);
    return end > 0 && /^\s*(?:->[^\n]+)?:/.test(plain.slice(end)) ? header[1] : undefined;
  }
  return /^([A-Za-z_]\w*)\s*(?::[^=\n]*)?=\s*lambda\b/.exec(code)?.[1];
}

/** Lines moved to the left by the indentation that all of them share. */
export function dedent(code: string): string {
  const lines = code.split('\n');
  const indents = lines.filter((line) => line.trim()).map((line) => /^\s*/.exec(line)![0].length);
  const shared = indents.length ? Math.min(...indents) : 0;
  return shared ? lines.map((line) => line.slice(Math.min(shared, line.length))).join('\n') : code;
}
