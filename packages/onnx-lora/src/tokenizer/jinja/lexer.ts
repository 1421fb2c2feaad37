/**
 * A template's text as tokens, by the rules of Jinja2's lexer as transformers sets it: `trim_blocks` and
 * `lstrip_blocks` on, a last line end dropped.
 */
import { SPACE, TemplateError } from './values.ts';

export type TokenKind =
  | 'data'
  | 'begin'
  | 'end'
  | 'print'
  | 'endprint'
  | 'name'
  | 'string'
  | 'int'
  | 'float'
  | 'op';

export interface Token {
  kind: TokenKind;
  text: string;
  /** Counted from 1. */
  line: number;
}

const OPENING = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})|\{#[-+]?|\{%[-+]?|\{\{[-+]?/g;
const ENDRAW = new RegExp(`\\{%[-+]?[${SPACE}]*endraw[${SPACE}]*(?:\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?)`, 'g');
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}[${SPACE}]*|#\\}\\n?`, 'g');
const BLOCK_END = new RegExp(`(?:\\+%\\}|-%\\}[${SPACE}]*|%\\}\\n?)`, 'y');
const PRINT_END = new RegExp(`(?:-\\}\\}[${SPACE}]*|\\}\\})`, 'y');
const BLANK = new RegExp(`[${SPACE}]+`, 'y');
const TRAILING = new RegExp(`[${SPACE}]+$`);
const ONLY_BLANK = new RegExp(`^[${SPACE}]+$`);

const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INT = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{N}\p{M}\p{Pc}]+/uy;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const OP = /\*\*|\/\/|==|!=|>=|<=|[-+*/%~[\](){}<>=.:|,;]/y;

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Decodes Python's escapes; an unknown one keeps its backslash. */
function unescapeText(text: string, line: number): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (all, x, u, long, octal, other: string | undefined) => {
      if (x ?? u ?? long) return String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16));
      if (octal) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (other === 'N' || other === 'x' || other === 'u' || other === 'U') {
        throw new TemplateError(`line ${line} has an escape that is not supported: \\${other}`);
      }
      return ESCAPES[other!] ?? all;
    },
  );
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

export function tokenize(template: string): Token[] {
  // Jinja2 takes every kind of line end for one.
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let counted = 0;
  let line = 1;
  const lineAt = (position: number) => {
    for (; counted < position; counted++) if (source[counted] === '\n') line++;
    return line;
  };
  const add = (kind: TokenKind, text: string, position: number) =>
    tokens.push({ kind, text, line: lineAt(position) });
  /** Whether the last piece ended a line. */
  let startsLine = true;

  while (at < source.length) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(source);
    const text = source.slice(at, opening?.index ?? source.length);
    if (!opening) {
      if (text) add('data', text, at);
      break;
    }
    const tag = opening[0];
    const data = beforeTag(text, tag, startsLine);
    if (data) add('data', data, at);
    const begun = opening.index;
    at = begun + tag.length;
    if (/^\{%[-+]?\s*raw/.test(tag)) {
      ENDRAW.lastIndex = at;
      const end = ENDRAW.exec(source);
      if (!end) throw new TemplateError(`line ${lineAt(begun)}: {% raw %} is never closed`);
      const raw = beforeTag(source.slice(at, end.index), end[0], false);
      if (raw) add('data', raw, at);
      at = end.index + end[0].length;
    } else if (tag.startsWith('{#')) {
      COMMENT_END.lastIndex = at;
      const end = COMMENT_END.exec(source);
      if (!end) throw new TemplateError(`line ${lineAt(begun)}: a comment is never closed`);
      at = end.index + end[0].length;
    } else {
      at = expression(tag.startsWith('{%') ? 'begin' : 'print', begun);
    }
    startsLine = source[at - 1] === '\n';
  }
  return tokens;

  /** Text before a tag, without the white space that the tag takes. */
  function beforeTag(text: string, tag: string, atLineStart: boolean): string {
    if (tag[2] === '-') return text.replace(TRAILING, '');
    if (tag[2] === '+' || tag.startsWith('{{')) return text;
    const start = text.lastIndexOf('\n') + 1;
    if ((start > 0 || atLineStart) && ONLY_BLANK.test(text.slice(start))) return text.slice(0, start);
    return text;
  }

  /** Tokens up to and with the tag's end; where the text goes on. */
  function expression(kind: 'begin' | 'print', begun: number): number {
    add(kind, kind === 'begin' ? '{%' : '{{', begun);
    const [ending, closing] =
      kind === 'begin' ? [BLOCK_END, 'end' as const] : [PRINT_END, 'endprint' as const];
    const open: string[] = [];
    while (at < source.length) {
      const end = open.length === 0 ? matchAt(ending, source, at) : undefined;
      if (end !== undefined) {
        add(closing, end, at);
        return at + end.length;
      }
      const blank = matchAt(BLANK, source, at);
      if (blank) {
        at += blank.length;
        continue;
      }
      const float = matchAt(FLOAT, source, at);
      const int = float === undefined ? matchAt(INT, source, at) : undefined;
      const name = (float ?? int) === undefined ? matchAt(NAME, source, at) : undefined;
      const string = (float ?? int ?? name) === undefined ? matchAt(STRING, source, at) : undefined;
      const op = (float ?? int ?? name ?? string) === undefined ? matchAt(OP, source, at) : undefined;
      const found = float ?? int ?? name ?? string ?? op;
      if (found === undefined) {
        throw new TemplateError(`line ${lineAt(at)} has an unexpected character: ${source[at]}`);
      }
      if (float !== undefined) add('float', float.replaceAll('_', ''), at);
      else if (int !== undefined) add('int', int.replaceAll('_', ''), at);
      else if (name !== undefined) add('name', name, at);
      else if (string !== undefined) add('string', unescapeText(string.slice(1, -1), lineAt(at)), at);
      else {
        if ('([{'.includes(found)) open.push(found);
        if (')]}'.includes(found) && open.pop() !== '([{'[')]}'.indexOf(found)]) {
          throw new TemplateError(`line ${lineAt(at)} has a ${found} that closes nothing`);
        }
        add('op', found, at);
      }
      at += found.length;
    }
    throw new TemplateError(`line ${lineAt(begun)}: a tag is never closed`);
  }
}
