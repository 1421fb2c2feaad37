/** A template's tokens as a tree, by the grammar of Jinja2 with its loop controls and transformers' `generation`. */
import { type Token, tokenize } from './lexer.ts';
import { Float, TemplateError, type Value } from './values.ts';

export interface Call {
  args: Expression[];
  named: [string, Expression][];
  /** After `*` and `**`. */
  rest: Expression | undefined;
  namedRest: Expression | undefined;
}

export type Expression =
  | { type: 'const'; value: Value }
  | { type: 'name'; name: string }
  | { type: 'list' | 'tuple'; items: Expression[] }
  | { type: 'dict'; items: [Expression, Expression][] }
  | { type: 'attribute'; of: Expression; name: string }
  | { type: 'item'; of: Expression; key: Expression }
  | {
      type: 'slice';
      start: Expression | undefined;
      stop: Expression | undefined;
      step: Expression | undefined;
    }
  | { type: 'call'; callee: Expression; call: Call }
  | { type: 'filter'; of: Expression; name: string; call: Call }
  | { type: 'test'; of: Expression; name: string; call: Call }
  | { type: 'unary'; op: 'not' | '-' | '+'; of: Expression }
  | { type: 'and' | 'or'; left: Expression; right: Expression }
  | { type: 'binary'; op: string; left: Expression; right: Expression }
  | { type: 'concat'; items: Expression[] }
  | { type: 'compare'; left: Expression; rest: { op: string; right: Expression }[] }
  | { type: 'if'; test: Expression; then: Expression; else: Expression | undefined };

/** The target of an assignment: a name, an attribute of a namespace, or several at once. */
export type Target =
  | { type: 'name'; name: string }
  | { type: 'namespace'; name: string; attribute: string }
  | { type: 'tuple'; items: Target[] };

export interface Parameter {
  name: string;
  default: Expression | undefined;
}

export type Filters = { name: string; call: Call }[];

export type Statement =
  | { type: 'data'; text: string }
  | { type: 'print'; of: Expression; line: number }
  | { type: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[]; line: number }
  | {
      type: 'for';
      target: Target;
      over: Expression;
      only: Expression | undefined;
      recursive: boolean;
      body: Statement[];
      otherwise: Statement[];
      line: number;
    }
  | { type: 'set'; target: Target; value: Expression; line: number }
  | { type: 'setblock'; target: Target; filters: Filters; body: Statement[]; line: number }
  | { type: 'macro'; name: string; parameters: Parameter[]; body: Statement[]; line: number }
  | { type: 'callblock'; parameters: Parameter[]; call: Expression; body: Statement[]; line: number }
  | { type: 'filterblock'; filters: Filters; body: Statement[]; line: number }
  | { type: 'with'; pairs: [Target, Expression][]; body: Statement[]; line: number }
  | { type: 'scope'; body: Statement[]; line: number }
  | { type: 'break' | 'continue'; line: number };

const CONSTANTS: Record<string, Value> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];

export function parseTemplate(template: string): Statement[] {
  return new Parser(tokenize(template)).all();
}

class Parser {
  private at = 0;
  private loops = 0;
  constructor(private readonly tokens: Token[]) {}

  all(): Statement[] {
    const body = this.statements([]);
    if (this.at < this.tokens.length) {
      const { text } = this.tokens[this.at + 1]!;
      throw this.error(`has {% ${text} %}, which closes nothing`);
    }
    return body;
  }

  private get token(): Token | undefined {
    return this.tokens[this.at];
  }
  private error(what: string): TemplateError {
    const line = (this.token ?? this.tokens.at(-1))?.line ?? 1;
    return new TemplateError(`line ${line} ${what}`);
  }
  private isOp(text: string): boolean {
    return this.token?.kind === 'op' && this.token.text === text;
  }
  private isName(text: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'name' && token.text === text;
  }
  private skipOp(text: string): boolean {
    if (!this.isOp(text)) return false;
    this.at++;
    return true;
  }
  private skipName(text: string): boolean {
    if (!this.isName(text)) return false;
    this.at++;
    return true;
  }
  private expectOp(text: string): void {
    if (!this.skipOp(text)) throw this.error(`lacks ${text} before ${this.token?.text ?? 'its end'}`);
  }
  private expectName(text?: string): string {
    const { token } = this;
    if (token?.kind !== 'name' || (text !== undefined && token.text !== text)) {
      throw this.error(`lacks ${text ?? 'a name'} before ${token?.text ?? 'its end'}`);
    }
    this.at++;
    return token.text;
  }
  private expectEnd(): void {
    if (this.token?.kind !== 'end')
      throw this.error(`goes on with ${this.token?.text} where a tag should end`);
    this.at++;
  }
  private get atEnd(): boolean {
    return this.token === undefined || this.token.kind === 'end' || this.token.kind === 'endprint';
  }

  /** Up to a tag that begins with one of `ends`, which is left to read. */
  private statements(ends: readonly string[]): Statement[] {
    const body: Statement[] = [];
    while (this.token) {
      const { kind, text, line } = this.token;
      if (kind === 'data') {
        body.push({ type: 'data', text });
        this.at++;
      } else if (kind === 'print') {
        this.at++;
        body.push({ type: 'print', of: this.tuple(), line });
        if ((this.token as Token | undefined)?.kind !== 'endprint') {
          throw this.error(`goes on with ${this.token?.text} where an expression should end`);
        }
        this.at++;
      } else {
        const name = this.tokens[this.at + 1]?.text ?? '';
        if (ends.includes(name)) return body;
        if (/^(end|elif$|else$)/.test(name)) {
          if (ends.length === 0) return body;
          throw this.error(`has {% ${name} %} where {% ${ends.at(-1)} %} should be`);
        }
        this.at++;
        body.push(...this.statement(this.expectName(), line));
      }
    }
    if (ends.length > 0) throw this.error(`ends before {% ${ends.at(-1)} %}`);
    return body;
  }

  /** The body of a tag that `end` closes. */
  private block(end: string): Statement[] {
    this.expectEnd();
    const body = this.statements([end]);
    this.at++;
    this.expectName(end);
    return body;
  }
  private closed(end: string): Statement[] {
    const body = this.block(end);
    this.expectEnd();
    return body;
  }

  private statement(name: string, line: number): Statement[] {
    switch (name) {
      case 'if':
        return [this.ifStatement(line)];
      case 'for':
        return [this.forStatement(line)];
      case 'set':
        return [this.setStatement(line)];
      case 'macro': {
        const macro = this.expectName();
        const parameters = this.parameters();
        return [
          { type: 'macro', name: macro, parameters, body: this.apart(() => this.closed('endmacro')), line },
        ];
      }
      case 'call': {
        const parameters = this.isOp('(') ? this.parameters() : [];
        const call = this.expression();
        if (call.type !== 'call') throw this.error('has {% call %} without a call');
        return [
          { type: 'callblock', parameters, call, body: this.apart(() => this.closed('endcall')), line },
        ];
      }
      case 'filter': {
        const filters = this.filters();
        return [{ type: 'filterblock', filters, body: this.closed('endfilter'), line }];
      }
      case 'with': {
        const pairs: [Target, Expression][] = [];
        while (!this.atEnd) {
          if (pairs.length > 0) this.expectOp(',');
          const target = this.target(false);
          this.expectOp('=');
          pairs.push([target, this.expression()]);
        }
        return [{ type: 'with', pairs, body: this.closed('endwith'), line }];
      }
      case 'generation':
        // Marks what the assistant says, for training masks; a scope of its own, as in transformers.
        return [{ type: 'scope', body: this.apart(() => this.closed('endgeneration')), line }];
      case 'print': {
        const printed: Statement[] = [];
        while (!this.atEnd) {
          if (printed.length > 0) this.expectOp(',');
          printed.push({ type: 'print', of: this.expression(), line });
        }
        this.expectEnd();
        return printed;
      }
      case 'break':
      case 'continue':
        if (this.loops === 0) throw this.error(`has {% ${name} %} outside of a loop`);
        this.expectEnd();
        return [{ type: name, line }];
      default:
        throw this.error(`uses the tag {% ${name} %}, which chat templates cannot have`);
    }
  }

  /** A body that loops around it have no say in. */
  private apart(read: () => Statement[]): Statement[] {
    const { loops } = this;
    this.loops = 0;
    const body = read();
    this.loops = loops;
    return body;
  }

  private ifStatement(line: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (;;) {
      const test = this.tuple({ conditional: false });
      this.expectEnd();
      branches.push({ test, body: this.statements(['elif', 'else', 'endif']) });
      this.at++;
      if (this.skipName('elif')) continue;
      if (this.skipName('else')) otherwise = this.block('endif');
      else this.expectName('endif');
      this.expectEnd();
      return { type: 'if', branches, otherwise, line };
    }
  }

  private forStatement(line: number): Statement {
    const target = this.target(true, ['in']);
    this.expectName('in');
    const over = this.tuple({ conditional: false, ends: ['recursive'] });
    const only = this.skipName('if') ? this.expression() : undefined;
    const recursive = this.skipName('recursive');
    this.expectEnd();
    this.loops++;
    const body = this.statements(['endfor', 'else']);
    this.loops--;
    this.at++;
    const otherwise = this.expectName() === 'else' ? this.block('endfor') : [];
    this.expectEnd();
    return { type: 'for', target, over, only, recursive, body, otherwise, line };
  }

  private setStatement(line: number): Statement {
    const target = this.target(true, [], true);
    if (this.skipOp('=')) {
      const value = this.tuple();
      this.expectEnd();
      return { type: 'set', target, value, line };
    }
    const filters = this.isOp('|') ? this.filters(true) : [];
    return { type: 'setblock', target, filters, body: this.closed('endset'), line };
  }

  private target(several: boolean, ends: string[] = [], namespaces = false): Target {
    const one = (): Target => {
      if (this.skipOp('(')) {
        const inner = this.target(true);
        this.expectOp(')');
        return inner;
      }
      const name = this.expectName();
      if (name in CONSTANTS) throw this.error(`assigns to ${name}`);
      if (namespaces && this.skipOp('.')) return { type: 'namespace', name, attribute: this.expectName() };
      return { type: 'name', name };
    };
    const first = one();
    if (!several || !this.isOp(',')) return first;
    const items = [first];
    while (this.skipOp(',')) {
      if (this.isOp('=') || this.isOp(')') || this.atEnd || ends.some((end) => this.isName(end))) break;
      items.push(one());
    }
    return { type: 'tuple', items };
  }

  private parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.expectOp('(');
    while (!this.skipOp(')')) {
      if (parameters.length > 0) this.expectOp(',');
      if (this.skipOp(')')) break;
      const name = this.expectName();
      parameters.push({ name, default: this.skipOp('=') ? this.expression() : undefined });
    }
    return parameters;
  }

  /** The filters of `a | b(c)`; `piped`: the first bar is still to be read. */
  private filters(piped = false): Filters {
    const filters: Filters = [];
    for (let first = !piped; first || this.skipOp('|'); first = false) {
      filters.push({ name: this.dottedName(), call: this.isOp('(') ? this.call() : noCall() });
    }
    return filters;
  }

  /** Expressions with commas between: a tuple where there is a comma. */
  private tuple({
    conditional = true,
    ends = [],
    bracketed = false,
  }: {
    conditional?: boolean;
    ends?: string[];
    bracketed?: boolean;
  } = {}): Expression {
    const items: Expression[] = [];
    let comma = false;
    const done = () => this.atEnd || this.isOp(')') || ends.some((end) => this.isName(end));
    for (;;) {
      if (items.length > 0) {
        if (!this.skipOp(',')) break;
        comma = true;
      }
      if (done()) break;
      items.push(conditional ? this.expression() : this.or());
    }
    if (items.length === 1 && !comma) return items[0]!;
    if (items.length === 0 && !bracketed) throw this.error('lacks an expression');
    return { type: 'tuple', items };
  }

  private expression(): Expression {
    let then = this.or();
    while (this.skipName('if')) {
      const test = this.or();
      then = { type: 'if', test, then, else: this.skipName('else') ? this.expression() : undefined };
    }
    return then;
  }

  private or(): Expression {
    let left = this.and();
    while (this.skipName('or')) left = { type: 'or', left, right: this.and() };
    return left;
  }
  private and(): Expression {
    let left = this.not();
    while (this.skipName('and')) left = { type: 'and', left, right: this.not() };
    return left;
  }
  private not(): Expression {
    return this.skipName('not') ? { type: 'unary', op: 'not', of: this.not() } : this.comparison();
  }
  private comparison(): Expression {
    const left = this.sum();
    const rest: { op: string; right: Expression }[] = [];
    for (;;) {
      const { token } = this;
      if (token?.kind === 'op' && COMPARISONS.includes(token.text)) {
        this.at++;
        rest.push({ op: token.text, right: this.sum() });
      } else if (this.skipName('in')) {
        rest.push({ op: 'in', right: this.sum() });
      } else if (this.isName('not') && this.isName('in', 1)) {
        this.at += 2;
        rest.push({ op: 'not in', right: this.sum() });
      } else {
        return rest.length > 0 ? { type: 'compare', left, rest } : left;
      }
    }
  }
  private sum(): Expression {
    return this.binary(['+', '-'], () => this.concat());
  }
  private concat(): Expression {
    const items = [this.product()];
    while (this.skipOp('~')) items.push(this.product());
    return items.length > 1 ? { type: 'concat', items } : items[0]!;
  }
  private product(): Expression {
    return this.binary(['*', '/', '//', '%'], () => this.binary(['**'], () => this.unary()));
  }
  private binary(ops: readonly string[], next: () => Expression): Expression {
    let left = next();
    while (this.token?.kind === 'op' && ops.includes(this.token.text)) {
      const op = this.token.text;
      this.at++;
      left = { type: 'binary', op, left, right: next() };
    }
    return left;
  }
  /** A sign binds closer than a filter: `-1 | abs` is the filter of -1. */
  private unary(filtered = true): Expression {
    let node: Expression;
    if (this.skipOp('-')) node = { type: 'unary', op: '-', of: this.unary(false) };
    else if (this.skipOp('+')) node = { type: 'unary', op: '+', of: this.unary(false) };
    else node = this.primary();
    node = this.postfix(node);
    return filtered ? this.filtered(node) : node;
  }

  private primary(): Expression {
    const { token } = this;
    if (!token || this.atEnd) throw this.error('lacks an expression');
    this.at++;
    switch (token.kind) {
      case 'name':
        if (Object.hasOwn(CONSTANTS, token.text)) return { type: 'const', value: CONSTANTS[token.text]! };
        return { type: 'name', name: token.text };
      case 'string': {
        let { text } = token;
        for (; this.token?.kind === 'string'; this.at++) text += this.token.text;
        return { type: 'const', value: text };
      }
      case 'int':
        return { type: 'const', value: Number(token.text) };
      case 'float':
        return { type: 'const', value: new Float(Number(token.text)) };
    }
    if (token.text === '(') {
      const inner = this.tuple({ bracketed: true });
      this.expectOp(')');
      return inner;
    }
    if (token.text === '[') return { type: 'list', items: this.listed(']', () => this.expression()) };
    if (token.text === '{') {
      const items = this.listed('}', (): [Expression, Expression] => {
        const key = this.expression();
        this.expectOp(':');
        return [key, this.expression()];
      });
      return { type: 'dict', items };
    }
    this.at--;
    throw this.error(`has an unexpected ${token.text}`);
  }

  private listed<T>(end: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.skipOp(end)) {
      if (items.length > 0) this.expectOp(',');
      if (this.skipOp(end)) break;
      items.push(read());
    }
    return items;
  }

  private postfix(of: Expression): Expression {
    let node = of;
    for (;;) {
      if (this.skipOp('.')) {
        const { token } = this;
        if (token?.kind === 'int') {
          this.at++;
          node = { type: 'item', of: node, key: { type: 'const', value: Number(token.text) } };
        } else node = { type: 'attribute', of: node, name: this.expectName() };
      } else if (this.skipOp('[')) {
        const keys = this.listed(']', () => this.subscript());
        if (keys.length === 0) throw this.error('has an empty subscript');
        node = { type: 'item', of: node, key: keys.length === 1 ? keys[0]! : { type: 'tuple', items: keys } };
      } else if (this.isOp('(')) node = { type: 'call', callee: node, call: this.call() };
      else return node;
    }
  }

  private subscript(): Expression {
    const part = () => (this.isOp(':') || this.isOp(']') || this.isOp(',') ? undefined : this.expression());
    const start = part();
    if (!this.skipOp(':')) {
      if (!start) throw this.error('has an empty subscript');
      return start;
    }
    const stop = part();
    return { type: 'slice', start, stop, step: this.skipOp(':') ? part() : undefined };
  }

  private call(): Call {
    this.expectOp('(');
    const call = noCall();
    let any = false;
    while (!this.skipOp(')')) {
      if (any) this.expectOp(',');
      if (this.skipOp(')')) break;
      any = true;
      if (this.skipOp('**')) call.namedRest = this.expression();
      else if (this.skipOp('*')) call.rest = this.expression();
      else if (
        this.token?.kind === 'name' &&
        this.tokens[this.at + 1]?.text === '=' &&
        this.tokens[this.at + 1]?.kind === 'op'
      ) {
        const name = this.expectName();
        this.at++;
        call.named.push([name, this.expression()]);
      } else {
        if (call.named.length > 0) throw this.error('has a positional argument after a named one');
        call.args.push(this.expression());
      }
    }
    return call;
  }

  private dottedName(): string {
    let name = this.expectName();
    while (this.skipOp('.')) name += `.${this.expectName()}`;
    return name;
  }

  private filtered(of: Expression): Expression {
    let node = of;
    for (;;) {
      if (this.skipOp('|')) {
        const name = this.dottedName();
        node = { type: 'filter', of: node, name, call: this.isOp('(') ? this.call() : noCall() };
      } else if (this.skipName('is')) node = this.test(node);
      else if (this.isOp('(')) node = { type: 'call', callee: node, call: this.call() };
      else return node;
    }
  }

  private test(of: Expression): Expression {
    const negated = this.skipName('not');
    const name = this.dottedName();
    let call = noCall();
    const { token } = this;
    if (this.isOp('(')) call = this.call();
    else if (
      token &&
      (['name', 'string', 'int', 'float'].includes(token.kind) || this.isOp('[') || this.isOp('{')) &&
      !['else', 'or', 'and'].some((word) => this.isName(word))
    ) {
      if (this.isName('is')) throw this.error('chains tests with is');
      call = { ...noCall(), args: [this.postfix(this.primary())] };
    }
    const node: Expression = { type: 'test', of, name, call };
    return negated ? { type: 'unary', op: 'not', of: node } : node;
  }
}

const noCall = (): Call => ({ args: [], named: [], rest: undefined, namedRest: undefined });
