/**
 * Python's values as a chat template sees them, held as JavaScript's: str as string, int as number, bool
 * as boolean, None as null, list as an array, dict as a Map. What JavaScript has no kind of its own for
 * has a class here.
 */

/** A template that is not valid, fails while it is rendered, or uses features that are not supported; the message says which. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}

/** Python's float: prints a point where an int does not. */
export class Float {
  constructor(readonly value: number) {}
}

/** The value of a missing name or key: prints as nothing, and fails in most other uses. */
export class Undefined {
  constructor(readonly what: string) {}
}

export class Tuple extends Array<Value> {
  static with(...items: Value[]): Tuple {
    const tuple = new Tuple();
    tuple.push(...items);
    return tuple;
  }
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** The only objects that a template may change. */
export class Namespace {
  constructor(readonly attributes: Map<string, Value>) {}
}

/** A generator or reversed list: true, without length, and empty once it was gone through. */
export class Once {
  constructor(private items: Value[]) {}
  take(): Value[] {
    const { items } = this;
    this.items = [];
    return items;
  }
  next(): Value | undefined {
    return this.items.shift();
  }
}

/** `range`, and a dict's keys, values or items: has a length and is gone through, and is no list. */
export class View {
  constructor(
    readonly items: Value[],
    readonly kind: string,
  ) {}
}

export type Callable = (args: Value[], named: Map<string, Value>) => Value;

/** A dict's, list's or string's method, a macro or a global. */
export class Func {
  constructor(
    readonly name: string,
    readonly call: Callable,
    readonly attributes: ReadonlyMap<string, Value> = new Map(),
  ) {}
}

/** The state of a loop, and where it is recursive the loop itself. */
export class Loop {
  constructor(
    readonly attribute: (name: string) => Value | undefined,
    readonly call?: Callable,
  ) {}
}

export type Dict = Map<Value, Value>;
export type Value =
  | string
  | number
  | boolean
  | null
  | Float
  | Undefined
  | Value[]
  | Dict
  | Namespace
  | Once
  | View
  | Func
  | Loop;

/** Where Python's `str.splitlines` splits. */
export const LINE_END = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029';

/** Python's white space: `str.isspace`. JavaScript's has U+FEFF too, and lacks the separators. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

export function fromJson(value: unknown): Value {
  if (value === undefined) return new Undefined('value');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? value : new Float(value);
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object') return new Map(Object.entries(value).map(([k, v]) => [k, fromJson(v)]));
  throw new TemplateError(`a ${typeof value} cannot be given to a template`);
}

/** Python's name of the value's type. */
export function typeName(v: Value): string {
  if (v === null) return 'NoneType';
  if (typeof v === 'string') return 'str';
  if (typeof v === 'boolean') return 'bool';
  if (typeof v === 'number') return 'int';
  if (v instanceof Float) return 'float';
  if (v instanceof Undefined) return 'Undefined';
  if (v instanceof Tuple) return 'tuple';
  if (Array.isArray(v)) return 'list';
  if (v instanceof Map) return 'dict';
  if (v instanceof View) return v.kind;
  if (v instanceof Once) return 'generator';
  if (v instanceof Namespace) return 'Namespace';
  return v instanceof Loop ? 'LoopContext' : 'function';
}

export function undefinedError(v: Undefined): TemplateError {
  return new TemplateError(`${v.what} is undefined`);
}

export function truth(v: Value): boolean {
  if (v instanceof Undefined) return false;
  if (v instanceof Float) return v.value !== 0;
  if (Array.isArray(v)) return v.length > 0;
  if (v instanceof Map) return v.size > 0;
  if (v instanceof View) return v.items.length > 0;
  return typeof v === 'object' ? v !== null : Boolean(v);
}

/** The number behind an int, float or bool; undefined for anything else. */
export function numeric(v: Value): number | undefined {
  if (typeof v === 'number') return v;
  if (typeof v === 'boolean') return Number(v);
  return v instanceof Float ? v.value : undefined;
}

export const points = (s: string): string[] => Array.from(s);

export function length(v: Value): number {
  if (typeof v === 'string') return points(v).length;
  if (Array.isArray(v)) return v.length;
  if (v instanceof Map) return v.size;
  if (v instanceof View) return v.items.length;
  if (v instanceof Undefined) return 0;
  throw new TemplateError(`object of type '${typeName(v)}' has no len()`);
}

/** The items that `for` goes through. */
export function iterate(v: Value): Value[] {
  if (typeof v === 'string') return points(v);
  if (Array.isArray(v)) return v;
  if (v instanceof Map) return [...v.keys()];
  if (v instanceof View) return v.items;
  if (v instanceof Once) return v.take();
  if (v instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(v)}' object is not iterable`);
}

export const isIterable = (v: Value): boolean =>
  typeof v === 'string' ||
  Array.isArray(v) ||
  v instanceof Map ||
  v instanceof View ||
  v instanceof Once ||
  v instanceof Undefined;

export function equals(a: Value, b: Value): boolean {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined || y !== undefined) return x === y;
  if (a instanceof Undefined) return b instanceof Undefined;
  if (Array.isArray(a) && Array.isArray(b)) {
    return (
      a instanceof Tuple === b instanceof Tuple &&
      a.length === b.length &&
      a.every((v, i) => equals(v, b[i]!))
    );
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([k, v]) => b.has(k) && equals(v, b.get(k)!));
  }
  return a === b;
}

/** By code points: JavaScript's own order is that of UTF-16's units. */
function compareText(a: string, b: string): number {
  const [x, y] = [points(a), points(b)];
  const at = x.findIndex((c, i) => c !== y[i]);
  if (at === -1 || at >= y.length) return x.length - y.length;
  return x[at]!.codePointAt(0)! - y[at]!.codePointAt(0)!;
}

/** Below, above or at 0, as `a` is less than, more than or equal to `b`. */
export function compare(a: Value, b: Value): number {
  for (const v of [a, b]) if (v instanceof Undefined) throw undefinedError(v);
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x - y;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    const at = a.findIndex((v, i) => i >= b.length || !equals(v, b[i]!));
    return at === -1 || at >= b.length ? a.length - b.length : compare(a[at]!, b[at]!);
  }
  throw new TemplateError(`'${typeName(a)}' and '${typeName(b)}' cannot be compared`);
}

/** Whether a dict may have it as a key. */
export const isHashable = (v: Value): boolean =>
  !(v instanceof Map || (Array.isArray(v) && !(v instanceof Tuple)));

/** A key as a Map finds it: True is 1 and 1.0 is 1, as Python's hashes have it. */
export function dictKey(v: Value): Value {
  if (v instanceof Float && Number.isInteger(v.value)) return v.value;
  if (typeof v === 'boolean') return v;
  if (!isHashable(v)) throw new TemplateError(`unhashable type: '${typeName(v)}'`);
  return v;
}

function floatText(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (Object.is(x, -0)) return '-0.0';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [mantissa, exponent] = x.toExponential().split('e');
    const power = Number(exponent);
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

function quoted(s: string): string {
  const quote = s.includes("'") && !s.includes('"') ? '"' : "'";
  const inner = points(s).map((c) => {
    if (c === quote || c === '\\') return `\\${c}`;
    const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[c];
    if (named) return named;
    if (c === ' ' || !/[\p{C}\p{Z}]/u.test(c)) return c;
    const code = c.codePointAt(0)!;
    const hex = (n: number) => code.toString(16).padStart(n, '0');
    return code < 256 ? `\\x${hex(2)}` : code < 65536 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
  });
  return quote + inner.join('') + quote;
}

/** Python's `repr`. */
export function repr(v: Value): string {
  if (typeof v === 'string') return quoted(v);
  if (v instanceof Undefined) return 'Undefined';
  if (v instanceof Tuple) return v.length === 1 ? `(${repr(v[0]!)},)` : `(${v.map(repr).join(', ')})`;
  if (Array.isArray(v)) return `[${v.map(repr).join(', ')}]`;
  if (v instanceof Map) return `{${[...v].map(([k, x]) => `${repr(k)}: ${repr(x)}`).join(', ')}}`;
  if (v instanceof View && v.kind !== 'range') return `${v.kind}([${v.items.map(repr).join(', ')}])`;
  return str(v);
}

/** Python's `str`. */
export function str(v: Value): string {
  if (typeof v === 'string') return v;
  if (v === null) return 'None';
  if (typeof v === 'boolean') return v ? 'True' : 'False';
  if (typeof v === 'number') return String(v);
  if (v instanceof Float) return floatText(v.value);
  if (v instanceof Undefined) return '';
  if (v instanceof Namespace) return `<Namespace ${repr(v.attributes as Dict)}>`;
  if (Array.isArray(v) || v instanceof Map || (v instanceof View && v.kind !== 'range')) return repr(v);
  throw new TemplateError(
    `a ${typeName(v)} is written out as text, which transformers would write with its address`,
  );
}

/** The elements that Python's `items[start:stop:step]` takes. */
export function slice<T>(items: readonly T[], start: Value, stop: Value, step: Value): T[] {
  const whole = (v: Value): number | undefined => {
    if (v === null) return undefined;
    const n = v instanceof Float ? undefined : numeric(v);
    if (n === undefined) throw new TemplateError('slice indices must be integers or None');
    return n;
  };
  const by = whole(step) ?? 1;
  if (by === 0) throw new TemplateError('slice step cannot be zero');
  const n = items.length;
  const [least, most] = by > 0 ? [0, n] : [-1, n - 1];
  const at = (v: number | undefined, otherwise: number) =>
    v === undefined ? otherwise : Math.min(most, Math.max(least, v < 0 ? v + n : v));
  const from = at(whole(start), by > 0 ? 0 : n - 1);
  const to = at(whole(stop), by > 0 ? n : -1);
  const out: T[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) out.push(items[i]!);
  return out;
}
