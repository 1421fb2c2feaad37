/** Renders a template's tree, with Jinja2's scopes and Python's operators, as transformers' sandbox allows. */
import { bind } from './arguments.ts';
import { applyFilter, type FilterContext, isFilter } from './filters.ts';
import { formatPercent } from './formatting.ts';
import { method } from './valueMethods.ts';
import type { Call, Expression, Filters, Parameter, Statement, Target } from './parser.ts';
import { contains, isTest, tests } from './tests.ts';
import {
  compare,
  dictKey,
  equals,
  Float,
  Func,
  isHashable,
  iterate,
  length,
  Loop,
  Namespace,
  numeric,
  points,
  repr,
  slice,
  str,
  TemplateError,
  truth,
  Tuple,
  typeName,
  Undefined,
  undefinedError,
  type Value,
  View,
} from './values.ts';

class Break extends Error {}
class Continue extends Error {}

/** The names of one body; those of the bodies around it are read through it, and not set. */
class Scope {
  private readonly names = new Map<string, Value>();
  constructor(private readonly around?: Scope) {}
  set(name: string, value: Value): void {
    this.names.set(name, value);
  }
  find(name: string): Value | undefined {
    return this.names.has(name) ? this.names.get(name) : this.around?.find(name);
  }
}

/** Most items that `range` makes, as Jinja2's sandbox has it. */
const MAX_RANGE = 100_000;
const MAX_DEPTH = 200;
/** Globals of Jinja2 that no chat template is known to use. */
const UNSUPPORTED = ['cycler', 'joiner', 'lipsum', 'self'];

function range(args: Value[]): Value {
  const [start, stop, step = 1] = args.length === 1 ? [0, args[0]!] : args;
  if (args.length === 0 || args.length > 3 || ![start, stop, step].every((v) => typeof v === 'number')) {
    throw new TemplateError('range needs one to three ints');
  }
  const [from, to, by] = [start, stop, step] as [number, number, number];
  if (by === 0) throw new TemplateError('range() arg 3 must not be zero');
  if ((to - from) / by > MAX_RANGE) throw new TemplateError('range is too large');
  const items: number[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) items.push(i);
  return new View(items, 'range');
}

/** `dict(pairs or a dict, name=value)`. */
function dict(args: Value[], named: Map<string, Value>): Map<Value, Value> {
  const [given] = args;
  const pairs: [Value, Value][] =
    given === undefined
      ? []
      : given instanceof Map
        ? [...given]
        : iterate(given).map((pair) => {
            const items = iterate(pair);
            if (items.length !== 2) throw new TemplateError('dict needs pairs');
            return [dictKey(items[0]!), items[1]!];
          });
  return new Map<Value, Value>([...pairs, ...named]);
}

function namespace(args: Value[], named: Map<string, Value>): Value {
  const attributes = new Map<string, Value>();
  for (const [name, value] of dict(args, named)) setAttribute(attributes, name, value);
  return new Namespace(attributes);
}

function setAttribute(attributes: Map<string, Value>, name: Value, value: Value): void {
  if (typeof name === 'string' && name.startsWith('_')) {
    throw new TemplateError(`a namespace cannot have ${name}: its name begins with an underscore`);
  }
  attributes.set(str(name), value);
}

/** Functions that every template may call. */
function globals(strftimeNow: (format: string) => string): Map<string, Value> {
  const functions: Record<string, (args: Value[], named: Map<string, Value>) => Value> = {
    range: (args) => range(args),
    dict,
    namespace,
    raise_exception: (args, named) => {
      const { message } = bind('raise_exception', ['message'], args, named);
      throw new TemplateError(str(message ?? ''));
    },
    strftime_now: (args, named) => {
      const { format } = bind('strftime_now', ['format'], args, named);
      if (typeof format !== 'string') throw new TemplateError('strftime_now needs a string');
      return strftimeNow(format);
    },
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Func(name, call)]));
}

export function render(
  template: readonly Statement[],
  variables: ReadonlyMap<string, Value>,
  strftimeNow: (format: string) => string,
): string {
  const outer = new Scope();
  for (const [name, value] of globals(strftimeNow)) outer.set(name, value);
  for (const [name, value] of variables) outer.set(name, value);
  return new Interpreter().body(template, new Scope(outer));
}

class Interpreter implements FilterContext {
  private depth = 0;

  body(statements: readonly Statement[], scope: Scope): string {
    const out: string[] = [];
    this.run(statements, scope, out);
    return out.join('');
  }

  private run(statements: readonly Statement[], scope: Scope, out: string[]): void {
    for (const statement of statements) this.statement(statement, scope, out);
  }

  private statement(s: Statement, scope: Scope, out: string[]): void {
    switch (s.type) {
      case 'data':
        out.push(s.text);
        return;
      case 'print':
        out.push(str(this.evaluate(s.of, scope)));
        return;
      case 'if': {
        const branch = s.branches.find(({ test }) => truth(this.evaluate(test, scope)));
        this.run(branch?.body ?? s.otherwise, scope, out);
        return;
      }
      case 'for':
        this.loop(s, this.evaluate(s.over, scope), scope, out, 0);
        return;
      case 'set':
        this.assign(s.target, this.evaluate(s.value, scope), scope);
        return;
      case 'setblock':
        this.assign(s.target, this.filtered(this.body(s.body, new Scope(scope)), s.filters, scope), scope);
        return;
      case 'macro':
        scope.set(s.name, this.macro(s.name, s.parameters, s.body, scope));
        return;
      case 'callblock': {
        const caller = this.macro('caller', s.parameters, s.body, scope);
        const { callee, call } = s.call as Extract<Expression, { type: 'call' }>;
        out.push(str(this.call(this.evaluate(callee, scope), call, scope, caller)));
        return;
      }
      case 'filterblock':
        out.push(str(this.filtered(this.body(s.body, new Scope(scope)), s.filters, scope)));
        return;
      case 'with': {
        const inner = new Scope(scope);
        const values = s.pairs.map(([, value]) => this.evaluate(value, scope));
        s.pairs.forEach(([target], i) => {
          this.assign(target, values[i]!, inner);
        });
        this.run(s.body, inner, out);
        return;
      }
      case 'scope':
        this.run(s.body, new Scope(scope), out);
        return;
      case 'break':
        throw new Break();
      case 'continue':
        throw new Continue();
    }
  }

  private filtered(text: Value, filters: Filters, scope: Scope): Value {
    return filters.reduce((value, { name, call }) => {
      const { args, named } = this.arguments(call, scope);
      return this.filter(name, value, args, named);
    }, text);
  }

  private assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === 'name') scope.set(target.name, value);
    else if (target.type === 'namespace') {
      const namespace = scope.find(target.name);
      if (!(namespace instanceof Namespace)) {
        throw new TemplateError(`cannot assign an attribute of ${target.name}, which is no namespace`);
      }
      setAttribute(namespace.attributes, target.attribute, value);
    } else {
      const items = iterate(value);
      if (items.length !== target.items.length) {
        throw new TemplateError(`${items.length} values cannot go to ${target.items.length} names`);
      }
      target.items.forEach((t, i) => {
        this.assign(t, items[i]!, scope);
      });
    }
  }

  private loop(
    s: Extract<Statement, { type: 'for' }>,
    over: Value,
    scope: Scope,
    out: string[],
    depth: number,
  ): void {
    let items = iterate(over);
    if (s.only) {
      items = items.filter((item) => {
        const inner = new Scope(scope);
        this.assign(s.target, item, inner);
        return truth(this.evaluate(s.only!, inner));
      });
    }
    let changed: Value | undefined;
    // Whether no turn went to its end, which is what Jinja2 takes for a loop without turns.
    let none = true;
    for (const [i, item] of items.entries()) {
      const inner = new Scope(scope);
      const state = new Loop(
        (name) => {
          switch (name) {
            case 'index':
              return i + 1;
            case 'index0':
              return i;
            case 'revindex':
              return items.length - i;
            case 'revindex0':
              return items.length - i - 1;
            case 'first':
              return i === 0;
            case 'last':
              return i === items.length - 1;
            case 'length':
              return items.length;
            case 'depth':
              return depth + 1;
            case 'depth0':
              return depth;
            case 'previtem':
              return i > 0 ? items[i - 1]! : new Undefined('there is no previous item');
            case 'nextitem':
              return i + 1 < items.length ? items[i + 1]! : new Undefined('there is no next item');
            case 'cycle':
              return new Func('cycle', (args) => args[i % args.length]!);
            case 'changed':
              return new Func('changed', (args) => {
                if (changed !== undefined && equals(changed, args)) return false;
                changed = args;
                return true;
              });
            default:
              return undefined;
          }
        },
        s.recursive
          ? ([again]) => {
              const text: string[] = [];
              this.deeper(() => this.loop(s, again!, scope, text, depth + 1));
              return text.join('');
            }
          : undefined,
      );
      inner.set('loop', state);
      this.assign(s.target, item, inner);
      try {
        this.run(s.body, inner, out);
        none = false;
      } catch (signal) {
        if (signal instanceof Break) break;
        if (!(signal instanceof Continue)) throw signal;
      }
    }
    if (none) this.run(s.otherwise, new Scope(scope), out);
  }

  private deeper<T>(run: () => T): T {
    if (this.depth >= MAX_DEPTH) throw new TemplateError('it calls itself without end');
    this.depth++;
    try {
      return run();
    } finally {
      this.depth--;
    }
  }

  /** A macro sees the names around where it is written, and not those around where it is called. */
  private macro(name: string, parameters: Parameter[], body: Statement[], scope: Scope): Func {
    const names = parameters.map((p) => p.name);
    const used = new Set<string>();
    for (const s of body) collectNames(s, used);
    return new Func(
      name,
      (args, given) => {
        const inner = new Scope(scope);
        const named = new Map(given);
        const caller = named.get('caller');
        if (caller !== undefined && !names.includes('caller')) named.delete('caller');
        const own = new Map([...named].filter(([key]) => names.includes(key)));
        const other = new Map([...named].filter(([key]) => !names.includes(key)));
        if (other.size > 0 && !used.has('kwargs')) {
          throw new TemplateError(`macro ${name} takes no keyword argument ${[...other.keys()][0]}`);
        }
        if (args.length > names.length && !used.has('varargs')) {
          throw new TemplateError(`macro ${name} takes not more than ${names.length} arguments`);
        }
        const bound: Record<string, Value | undefined> = bind(name, names, args.slice(0, names.length), own);
        for (const p of parameters) {
          const value = bound[p.name];
          const otherwise = () =>
            p.default ? this.evaluate(p.default, inner) : new Undefined(`parameter '${p.name}'`);
          inner.set(p.name, value === undefined ? otherwise() : value);
        }
        if (used.has('caller') && !names.includes('caller')) {
          inner.set('caller', caller ?? new Undefined('No caller defined'));
        }
        if (used.has('kwargs')) inner.set('kwargs', new Map<Value, Value>(other));
        if (used.has('varargs')) inner.set('varargs', Tuple.with(...args.slice(names.length)));
        return this.deeper(() => this.body(body, inner));
      },
      new Map<string, Value>([
        ['name', name],
        ['arguments', Tuple.with(...names)],
      ]),
    );
  }

  private arguments(call: Call, scope: Scope): { args: Value[]; named: Map<string, Value> } {
    const args = call.args.map((arg) => this.evaluate(arg, scope));
    if (call.rest) args.push(...iterate(this.evaluate(call.rest, scope)));
    const named = new Map(call.named.map(([name, value]) => [name, this.evaluate(value, scope)]));
    if (call.namedRest) {
      const rest = this.evaluate(call.namedRest, scope);
      if (!(rest instanceof Map)) throw new TemplateError(`** needs a dict, not a ${typeName(rest)}`);
      for (const [name, value] of rest) named.set(str(name), value);
    }
    return { args, named };
  }

  private call(callee: Value, call: Call, scope: Scope, caller?: Func): Value {
    if (callee instanceof Undefined) throw undefinedError(callee);
    const { args, named } = this.arguments(call, scope);
    if (caller) named.set('caller', caller);
    if (callee instanceof Func) return callee.call(args, named);
    if (callee instanceof Loop && callee.call) return callee.call(args, named);
    throw new TemplateError(`'${typeName(callee)}' object is not callable`);
  }

  filter(name: string, of: Value, args: Value[], named: Map<string, Value>): Value {
    return applyFilter(name, of, args, named, this);
  }

  attribute(of: Value, name: string): Value {
    if (of instanceof Undefined) throw undefinedError(of);
    const own = this.own(of, name);
    const value = own === undefined ? this.entry(of, name) : own;
    return value === undefined ? absent(of, name) : value;
  }

  item(of: Value, key: Value): Value {
    if (of instanceof Undefined) throw undefinedError(of);
    const entry = this.entry(of, key);
    const value = entry === undefined && typeof key === 'string' ? this.own(of, key) : entry;
    return value === undefined ? absent(of, key) : value;
  }

  /** The value that Python's getattr finds. */
  private own(of: Value, name: string): Value | undefined {
    if (name.startsWith('_')) return undefined;
    if (of instanceof Namespace) return of.attributes.get(name);
    if (of instanceof Loop) return of.attribute(name);
    if (of instanceof Func) return of.attributes.get(name);
    return method(of, name);
  }

  /** The value that Python's subscription finds. */
  private entry(of: Value, key: Value): Value | undefined {
    // Jinja2 takes a key that no dict can have for one that is not there.
    if (of instanceof Map) return isHashable(key) ? of.get(dictKey(key)) : undefined;
    const at = typeof key === 'boolean' ? Number(key) : key;
    if (typeof at !== 'number') return undefined;
    if (typeof of === 'string') return points(of).at(at);
    if (Array.isArray(of)) return of.at(at);
    return of instanceof View && of.kind === 'range' ? of.items.at(at) : undefined;
  }

  private evaluate(e: Expression, scope: Scope): Value {
    switch (e.type) {
      case 'const':
        return e.value;
      case 'name': {
        const value = scope.find(e.name);
        if (value === undefined && UNSUPPORTED.includes(e.name)) {
          throw new TemplateError(`it uses ${e.name}, which is not supported`);
        }
        return value === undefined ? new Undefined(`'${e.name}'`) : value;
      }
      case 'list':
        return e.items.map((item) => this.evaluate(item, scope));
      case 'tuple':
        return Tuple.with(...e.items.map((item) => this.evaluate(item, scope)));
      case 'dict':
        return new Map(e.items.map(([k, v]) => [dictKey(this.evaluate(k, scope)), this.evaluate(v, scope)]));
      case 'attribute':
        return this.attribute(this.evaluate(e.of, scope), e.name);
      case 'item': {
        const of = this.evaluate(e.of, scope);
        if (e.key.type !== 'slice') return this.item(of, this.evaluate(e.key, scope));
        const [start, stop, step] = [e.key.start, e.key.stop, e.key.step].map((part) =>
          part ? this.evaluate(part, scope) : null,
        ) as [Value, Value, Value];
        if (of instanceof Undefined) throw undefinedError(of);
        if (typeof of === 'string') return slice(points(of), start, stop, step).join('');
        if (of instanceof Tuple) return Tuple.with(...slice(of, start, stop, step));
        if (Array.isArray(of)) return slice(of, start, stop, step);
        if (of instanceof View && of.kind === 'range')
          return new View(slice(of.items, start, stop, step), 'range');
        return new Undefined(`a slice of a ${typeName(of)}`);
      }
      case 'slice':
        throw new TemplateError('a slice stands where none can');
      case 'call':
        return this.call(this.evaluate(e.callee, scope), e.call, scope);
      case 'filter': {
        const of = this.evaluate(e.of, scope);
        if (!isFilter(e.name)) throw new TemplateError(`the filter ${e.name} is not supported`);
        const { args, named } = this.arguments(e.call, scope);
        return this.filter(e.name, of, args, named);
      }
      case 'test': {
        const of = this.evaluate(e.of, scope);
        const { args, named } = this.arguments(e.call, scope);
        if (e.name === 'filter') return isFilter(str(of));
        if (e.name === 'test') return isTest(str(of));
        return tests(e.name, of, args, named);
      }
      case 'unary':
        return this.unary(e.op, this.evaluate(e.of, scope));
      case 'and': {
        const left = this.evaluate(e.left, scope);
        return truth(left) ? this.evaluate(e.right, scope) : left;
      }
      case 'or': {
        const left = this.evaluate(e.left, scope);
        return truth(left) ? left : this.evaluate(e.right, scope);
      }
      case 'binary':
        return this.binary(e.op, this.evaluate(e.left, scope), this.evaluate(e.right, scope));
      case 'concat':
        return e.items.map((item) => str(this.evaluate(item, scope))).join('');
      case 'compare': {
        let left = this.evaluate(e.left, scope);
        return e.rest.every(({ op, right: node }) => {
          const right = this.evaluate(node, scope);
          const holds = comparison(op, left, right);
          left = right;
          return holds;
        });
      }
      case 'if':
        if (truth(this.evaluate(e.test, scope))) return this.evaluate(e.then, scope);
        return e.else ? this.evaluate(e.else, scope) : new Undefined('a condition without else');
    }
  }

  private unary(op: 'not' | '-' | '+', of: Value): Value {
    if (op === 'not') return !truth(of);
    if (of instanceof Undefined) throw undefinedError(of);
    const n = numeric(of);
    if (n === undefined) throw new TemplateError(`a ${typeName(of)} has no sign`);
    const signed = op === '-' ? -n : n;
    return of instanceof Float ? new Float(signed) : signed + 0;
  }

  add(a: Value, b: Value): Value {
    return this.binary('+', a, b);
  }

  private binary(op: string, a: Value, b: Value): Value {
    for (const v of [a, b]) if (v instanceof Undefined) throw undefinedError(v);
    if (op === '%' && typeof a === 'string') return formatPercent(a, b);
    const [x, y] = [numeric(a), numeric(b)];
    if (x !== undefined && y !== undefined) {
      const float = a instanceof Float || b instanceof Float;
      return arithmetic(op, x, y, float);
    }
    if (op === '+') {
      if (typeof a === 'string' && typeof b === 'string') return a + b;
      if (a instanceof Tuple && b instanceof Tuple) return Tuple.with(...a, ...b);
      if (Array.isArray(a) && Array.isArray(b) && !(a instanceof Tuple) && !(b instanceof Tuple))
        return [...a, ...b];
    }
    if (op === '*') {
      const [times, of] = typeof a === 'number' || typeof a === 'boolean' ? [Number(a), b] : [y, a];
      if (times !== undefined && !(b instanceof Float)) {
        const count = Math.max(0, times);
        if (count * length(of) > 1e7) throw new TemplateError('it repeats a text or a list too often');
        if (typeof of === 'string') return of.repeat(count);
        if (Array.isArray(of)) {
          const items = Array.from({ length: count }, () => [...of]).flat();
          return of instanceof Tuple ? Tuple.with(...items) : items;
        }
      }
    }
    throw new TemplateError(`unsupported operand types for ${op}: '${typeName(a)}' and '${typeName(b)}'`);
  }
}

const absent = (of: Value, key: Value): Undefined => new Undefined(`${repr(key)} of a ${typeName(of)}`);

function arithmetic(op: string, x: number, y: number, float: boolean): Value {
  const as = (n: number): Value => {
    if (float) return new Float(n);
    if (!Number.isSafeInteger(n))
      throw new TemplateError('it computes with ints beyond 2^53, which is not supported');
    return n + 0;
  };
  if ((op === '/' || op === '//' || op === '%') && y === 0) throw new TemplateError('division by zero');
  switch (op) {
    case '+':
      return as(x + y);
    case '-':
      return as(x - y);
    case '*':
      return as(x * y);
    case '/':
      return new Float(x / y);
    case '//':
      return as(Math.floor(x / y));
    case '%':
      return as(x - y * Math.floor(x / y));
    default:
      return y < 0 ? new Float(x ** y) : as(x ** y);
  }
}

function comparison(op: string, a: Value, b: Value): boolean {
  switch (op) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case 'in':
      return contains(a, b);
    case 'not in':
      return !contains(a, b);
    case '<':
      return compare(a, b) < 0;
    case '<=':
      return compare(a, b) <= 0;
    case '>':
      return compare(a, b) > 0;
    default:
      return compare(a, b) >= 0;
  }
}

/** Every name in a tree, whatever for: a macro has `varargs`, `kwargs` or `caller` where it mentions them. */
function collectNames(node: unknown, names: Set<string>): void {
  if (Array.isArray(node)) for (const child of node) collectNames(child, names);
  else if (typeof node === 'object' && node !== null && !(node instanceof Float)) {
    const { type, name } = node as { type?: unknown; name?: unknown };
    if (type === 'name' && typeof name === 'string') names.add(name);
    for (const child of Object.values(node)) collectNames(child, names);
  }
}
