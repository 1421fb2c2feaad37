/**
 * Splits Python source into statements of tokens, as far as comparing programs needs it: comments,
 * layout, quoting style and line continuations are gone. Anything at all can be split; nothing throws.
 */

export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'operator';
export interface Token {
  kind: TokenKind;
  text: string;
}

/** One simple statement, or the header of a compound one (`for v in x:`). */
export interface Statement {
  tokens: Token[];
  /** Nesting depth of its block: 0 at the top of the module. */
  depth: number;
}

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for ' +
    'from global if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

const PATTERNS: [TokenKind | 'blank' | 'newline', RegExp][] = [
  ['blank', /(?:[ \t\f\r]|\\\r?\n|#[^\n]*)+/y],
  ['newline', /\n/y],
  ['string', /[rbufRBUF]{0,2}(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?''')/y],
  ['string', /[rbufRBUF]{0,2}(?:"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')/y],
  [
    'number',
    /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[jJ]?/y,
  ],
  ['name', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['operator', /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|\*\*|\/\/|>>|<<|<=|>=|==|!=|[-+*/%@&|^]=|[\s\S]/uy],
];

export function pythonStatements(source: string): Statement[] {
  const statements: Statement[] = [];
  const indents = [0];
  let tokens: Token[] = [];
  let depth = 0;
  let brackets = 0;
  const close = () => {
    if (tokens.length > 0) statements.push({ tokens, depth });
    tokens = [];
  };
  let lineStart = true;
  for (let at = 0; at < source.length; ) {
    const [kind, text] = nextToken(source, at);
    if (kind === 'newline') {
      if (brackets === 0) {
        close();
        lineStart = true;
      }
    } else if (kind !== 'blank') {
      if (lineStart) {
        depth = depthAt(column(source, at), indents);
        lineStart = false;
      }
      if (kind === 'operator' && '([{'.includes(text)) brackets++;
      if (kind === 'operator' && ')]}'.includes(text)) {
        brackets = Math.max(0, brackets - 1);
        if (tokens.at(-1)?.text === ',' && !(text === ')' && isOneTuple(tokens))) tokens.pop();
      }
      if (brackets === 0 && text === ';') close();
      else tokens.push(token(kind, text));
      // `if c: statement` on one line: the body is a statement of its own, one level deeper.
      if (brackets === 0 && text === ':' && isHeader(tokens) && restOfLine(source, at + 1)) {
        close();
        depth++;
      }
    }
    at += text.length;
  }
  close();
  return statements.filter(({ tokens: t }) => !(t.length === 1 && t[0]!.kind === 'string'));
}

/** The token that begins at `at`, as it is written. */
export function nextToken(source: string, at: number): [TokenKind | 'blank' | 'newline', string] {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text) return [kind, text];
  }
  return ['operator', source[at]!];
}

function token(kind: TokenKind, text: string): Token {
  if (kind === 'name' && KEYWORDS.has(text)) return { kind: 'keyword', text };
  if (kind === 'string')
    return { kind, text: text.replace(/^([a-z]*)(?:"""|'''|"|')([\s\S]*?)(?:"""|'''|"|')$/i, "$1'$2'") };
  return { kind, text };
}

function column(source: string, at: number): number {
  const line = source.slice(source.lastIndexOf('\n', at - 1) + 1, at);
  return line.replaceAll('\t', '        ').length;
}

function depthAt(indent: number, indents: number[]): number {
  while (indents.length > 1 && indent < indents.at(-1)!) indents.pop();
  if (indent > indents.at(-1)!) indents.push(indent);
  return indents.length - 1;
}

/** Whether the comma that ends `tokens` makes a tuple of one: everywhere else it is layout. */
function isOneTuple(tokens: Token[]): boolean {
  let level = 0;
  let at = tokens.length - 2;
  for (; at >= 0; at--) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'operator') continue;
    if (')]}'.includes(text)) level++;
    else if ('([{'.includes(text) && level-- === 0) break;
    else if (text === ',' && level === 0) return false;
  }
  const before = tokens[at - 1];
  return before === undefined || (before.kind !== 'name' && before.text !== ')' && before.text !== ']');
}

function isHeader(tokens: Token[]): boolean {
  const first = tokens[0]!;
  if (first.kind !== 'keyword') return false;
  // The colon of a lambda belongs to it, not to the header.
  const colons = tokens.filter((t) => t.text === ':').length;
  const lambdas = tokens.filter((t) => t.text === 'lambda').length;
  return (
    colons > lambdas && /^(?:if|elif|else|for|while|def|class|with|try|except|finally)$/.test(first.text)
  );
}

function restOfLine(source: string, at: number): boolean {
  const end = source.indexOf('\n', at);
  return /^\s*[^\s#]/.test(source.slice(at, end < 0 ? undefined : end));
}
