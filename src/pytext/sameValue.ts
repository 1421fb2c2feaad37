/** Python's `==` on values written as literals, without Python. */

/**
 * Whether two `repr`s (or other literals) stand for values that are equal in Python: `1 == 1.0 == True`,
 * `{1, 2} == frozenset({2, 1})`, the order of a dict's items is ignored, lists are no tuples, nan equals
 * nothing. False where either cannot be read, `<function>` for one.
 *
 * Every value becomes a number such that equal values get the same one (hash-consing), so the work is
 * n log n however deep the values are nested, and nothing recurses.
 */
export function sameValue(a: string, b: string): boolean {
  const table = new Map<string, number>();
  const first = readValue(a, table);
  return first !== undefined && !first.hasNan && first.id === readValue(b, table)?.id;
}

export type PyType =
  | 'none'
  | 'bool'
  | 'int'
  | 'float'
  | 'complex'
  | 'str'
  | 'bytes'
  | 'bytearray'
  | 'list'
  | 'tuple'
  | 'dict'
  | 'set'
  | 'frozenset'
  | 'deque'
  | 'range'
  /** `Decimal` and `Fraction`. */
  | 'exact';

/** A value that a literal stands for. */
export interface Value {
  /** Equal values of one table have the same. */
  id: number;
  type: PyType;
  hashable: boolean;
  hasNan: boolean;
  /** The members of lists, tuples and sets as written; of dicts, keys and values in turn. */
  items?: Value[];
  /** The nearest double of a bool, int, float, Decimal or Fraction. */
  number?: number;
  /** The text of a str or bytes. */
  text?: string;
}

/** Numbers of values, for `readValue`: values read with one table can be compared by `id`. */
export type ValueTable = Map<string, number>;

/** `braces` are a set or a dict; the last four are calls around one literal. */
type Kind = 'list' | 'parenthesis' | 'braces' | 'set' | 'frozenset' | 'bytearray' | 'deque';

/** A bracket that is not closed yet. */
interface Frame {
  kind: Kind;
  close: string;
  values: Value[];
  /** A comma follows the last value. */
  comma: boolean;
  /** In a dict: a key waits for its value. */
  key: Value | undefined;
  /** Braces with a colon in them. */
  dict: boolean;
  /** A sign before the bracket: only a parenthesis may have one. */
  sign: string;
}

class Unreadable extends Error {}

const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)[jJ]?/y;
const INFINITE = /\(\s*(['"])[+-]?(?:inf(?:inity)?|nan)\1\s*\)/iy;
const RANGE = /\((?:-?\d+, ){1,2}-?\d+\)/y;
const DECIMAL = /\('([+-]?)(\d+)(?:\.(\d*))?(?:E([+-]?\d{1,9}))?'\)/y;
const FRACTION = /\((-?\d+), (\d+)\)/y;
const SPACE = /(?:[ \t\r\n\f]|\\\n|#[^\n]*)*/y;
const NAME = /[A-Za-z_]\w*/y;

/** The value of a literal; undefined where it cannot be read. */
export function readValue(text: string, table: ValueTable = new Map()): Value | undefined {
  try {
    return new Reader(text, table).read();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Reader {
  #at = 0;
  readonly #frames: Frame[] = [];

  constructor(
    readonly text: string,
    readonly table: Map<string, number>,
  ) {}

  read(): Value {
    for (;;) {
      this.#skip();
      const value = this.#open();
      if (!value) continue;
      const whole = this.#add(value);
      if (whole) return whole;
    }
  }

  #fail(): never {
    throw new Unreadable();
  }

  #skip(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.text);
    this.#at = SPACE.lastIndex;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (!found) return undefined;
    this.#at += found.length;
    return found;
  }

  /** Reads a scalar, or opens a bracket and gives nothing, or closes an empty one. */
  #open(): Value | undefined {
    const { text } = this;
    let sign = '';
    while (text[this.#at] === '-' || text[this.#at] === '+') {
      sign = (text[this.#at] === '-') !== (sign === '-') ? '-' : '+';
      this.#at++;
      this.#skip();
    }
    const char = text[this.#at];
    if (char === undefined) this.#fail();
    if (char === '(') return this.#push('parenthesis', ')', sign);
    if (/[\d.]/.test(char)) return this.#number(sign);
    const prefix = /(?:[bB][rR]?|[rR][bB]?|[uU])?(?=['"])/y;
    prefix.lastIndex = this.#at;
    const marks = prefix.exec(text)?.[0];
    if (marks !== undefined) return sign ? this.#fail() : this.#strings();
    if (char === '[' && !sign) return this.#push('list', ']', '');
    if (char === '{' && !sign) return this.#push('braces', '}', '');
    const name = this.#match(NAME);
    switch (name) {
      case 'True':
      case 'False':
        return this.#integer(name === 'True' ? (sign === '-' ? '-1' : '1') : '0', sign ? 'int' : 'bool');
      case 'nan':
        return this.#nan();
      case 'inf':
        return this.#infinite(sign === '-');
      case 'None':
        return sign ? this.#fail() : this.#scalar('none', 'none');
      case 'float': {
        const found = this.#match(INFINITE);
        if (!found) this.#fail();
        if (/nan/i.test(found)) return this.#nan();
        return this.#infinite((sign === '-') !== found.includes('-'));
      }
      case 'Decimal':
      case 'Fraction':
      case 'range':
        return sign ? this.#fail() : this.#named(name);
      case 'set':
      case 'frozenset':
      case 'deque':
      case 'bytearray': {
        if (sign) this.#fail();
        this.#skip();
        if (text[this.#at] !== '(') this.#fail();
        return this.#push(name, ')', '');
      }
      default:
        return this.#fail();
    }
  }

  #nan(): Value {
    return { ...this.#scalar('nan', 'float'), hasNan: true, number: Number.NaN };
  }

  #infinite(negative: boolean): Value {
    const number = negative ? -Infinity : Infinity;
    return { ...this.#scalar(`f${number}`, 'float'), number };
  }

  /** `Decimal('1.5')`, `Fraction(1, 3)` and `range(0, 6, 2)`, as `repr` or the judge writes them. */
  #named(name: 'Decimal' | 'Fraction' | 'range'): Value {
    if (name === 'range') {
      const found = this.#match(RANGE);
      return found ? this.#scalar(`r${found}`, 'range') : this.#fail();
    }
    const pattern = name === 'Decimal' ? DECIMAL : FRACTION;
    const found = this.#match(pattern);
    const parts = found && new RegExp(pattern.source).exec(found);
    if (!parts) this.#fail();
    if (name === 'Fraction') return this.#exact(BigInt(parts[1]!), BigInt(parts[2]!));
    const [, sign, whole = '', part = '', power = '0'] = parts;
    const exponent = Number(power) - part.length;
    // Written out it would fill the memory.
    if (Math.abs(exponent) > 20_000) this.#fail();
    const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${part}`);
    const scale = 10n ** BigInt(Math.abs(exponent));
    return exponent < 0 ? this.#exact(digits, scale) : this.#exact(digits * scale, 1n);
  }

  /** A rational number: it equals the integer or the float that has its very value. */
  #exact(numerator: bigint, denominator: bigint): Value {
    if (denominator === 0n) this.#fail();
    let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
    while (b !== 0n) [a, b] = [b, a % b];
    const [n, d] = [numerator / a, denominator / a];
    const number = Number(n) / Number(d);
    if (d === 1n) return { ...this.#integer(n.toString(), 'int'), type: 'exact' };
    // A double is a whole number of 53 bits over a power of two.
    const isFloat = (d & (d - 1n)) === 0n && Number.isSafeInteger(Number(n)) && d < 1n << 1000n;
    return { ...this.#scalar(isFloat ? `f${number}` : `q${n}/${d}`, 'exact'), number };
  }

  #push(kind: Kind, close: string, sign: string): Value | undefined {
    this.#at++;
    this.#skip();
    if (this.text[this.#at] !== close) {
      this.#frames.push({ kind, close, values: [], comma: false, key: undefined, dict: false, sign });
      return undefined;
    }
    this.#at++;
    if (sign) this.#fail();
    switch (kind) {
      case 'braces':
        return this.#node('dict', [], [], false);
      case 'set':
      case 'frozenset':
        return this.#node(kind, [], [], kind === 'frozenset');
      case 'bytearray':
        return { ...this.#scalar('y', 'bytearray'), text: '', hashable: false };
      case 'list':
      case 'deque':
        return this.#node(kind, [], [], false);
      case 'parenthesis':
        return this.#node('tuple', [], [], true);
    }
  }

  /** Adds a value to the innermost open bracket and closes the brackets that end with it; returns the value of the whole text at its end. */
  #add(found: Value): Value | undefined {
    let value = found;
    for (;;) {
      this.#skip();
      const frame = this.#frames.at(-1);
      const char = this.text[this.#at];
      if (!frame) return char === undefined ? value : this.#fail();
      frame.comma = false;
      if (
        frame.kind === 'braces' &&
        char === ':' &&
        !frame.key &&
        (frame.dict || frame.values.length === 0)
      ) {
        if (!value.hashable) this.#fail();
        frame.dict = true;
        frame.key = value;
        this.#at++;
        return undefined;
      }
      if (frame.key !== undefined) {
        frame.values.push(frame.key, value);
        frame.key = undefined;
      } else {
        if (frame.dict) this.#fail();
        frame.values.push(value);
      }
      if (char === ',') {
        frame.comma = true;
        this.#at++;
        this.#skip();
        if (this.text[this.#at] !== frame.close) return undefined;
      }
      if (this.text[this.#at] !== frame.close) this.#fail();
      this.#at++;
      this.#frames.pop();
      value = this.#close(frame);
    }
  }

  #close({ kind, values, comma, dict, sign }: Frame): Value {
    const hashable = values.every((value) => value.hashable);
    switch (kind) {
      case 'list':
        return this.#node('list', ids(values), values, false);
      case 'parenthesis':
        if (values.length > 1 || comma) {
          return sign ? this.#fail() : this.#node('tuple', ids(values), values, hashable);
        }
        return sign ? this.#negate(values[0]!, sign) : values[0]!;
      case 'set':
      case 'frozenset': {
        const [only] = values;
        if (values.length !== 1 || !only?.items || only.type === 'dict') this.#fail();
        if (only.items.some((value) => !value.hashable)) this.#fail();
        return this.#node(kind, distinct(only.items), only.items, kind === 'frozenset');
      }
      case 'braces': {
        if (dict) {
          const items = new Map<number, Value>();
          for (let i = 0; i < values.length; i += 2) items.set(values[i]!.id, values[i + 1]!);
          const pairs = [...items].sort(([a], [b]) => a - b).map(([key, value]) => `${key}:${value.id}`);
          return this.#node('dict', pairs, values, false);
        }
        if (!hashable) this.#fail();
        return this.#node('set', distinct(values), values, false);
      }
      case 'deque': {
        const only = values[0]!;
        if (values.length !== 1 || only.type !== 'list') this.#fail();
        return this.#node('deque', ids(only.items!), only.items!, false);
      }
      case 'bytearray': {
        const only = values[0]!;
        if (values.length !== 1 || only.type !== 'bytes') this.#fail();
        return { ...only, type: 'bytearray', hashable: false };
      }
    }
  }

  /** Keys of numbers that were read, for a minus before a parenthesis. */
  readonly #numbers = new Map<number, string>();

  #negate(value: Value, sign: string): Value {
    const key = this.#numbers.get(value.id);
    if (key === undefined || value.number === undefined) return this.#fail();
    const type = value.type === 'bool' ? 'int' : value.type;
    if (sign === '+' || key === 'i0') return { ...value, type };
    const negated = key[1] === '-' ? key[0] + key.slice(2) : `${key[0]}-${key.slice(1)}`;
    return this.#numeric(negated, type, -value.number);
  }

  #intern(key: string): number {
    const known = this.table.get(key);
    if (known !== undefined) return known;
    const id = this.table.size;
    this.table.set(key, id);
    return id;
  }

  #scalar(key: string, type: PyType): Value {
    return { id: this.#intern(key), type, hashable: true, hasNan: false };
  }

  #numeric(key: string, type: PyType, number: number): Value {
    const value = { ...this.#scalar(key, type), number };
    this.#numbers.set(value.id, key);
    return value;
  }

  /** Sets and frozensets of equal members are equal; any two other types differ. */
  #node(type: PyType, members: (string | number)[], items: Value[], hashable: boolean): Value {
    const letter = type === 'frozenset' ? 's' : type === 'deque' ? 'q' : type[0];
    const id = this.#intern(`${letter}(${members.join(',')})`);
    return { id, type, hashable, hasNan: items.some((value) => value.hasNan), items };
  }

  #number(sign: string): Value {
    const found = this.#match(NUMBER);
    // `1if`, `0777` and `1.2.3` are no numbers.
    if (!found || found === '.' || /^[\w.]/.test(this.text.slice(this.#at, this.#at + 1))) this.#fail();
    const digits = found.replaceAll('_', '');
    const minus = sign === '-' ? '-' : '';
    if (/[jJ]$/.test(digits)) return this.#complex(Number(`${minus}${digits.slice(0, -1)}`), 0);
    let value: Value;
    let real: number;
    if (/^0[xXoObB]/.test(digits)) {
      value = this.#integer(minus + BigInt(digits).toString(), 'int');
      real = Number(minus + BigInt(digits).toString());
    } else if (/[.eE]/.test(digits)) {
      real = Number(minus + digits);
      value = this.#float(real);
    } else {
      if (/^0+[1-9]/.test(digits)) this.#fail();
      value = this.#integer(minus + digits, 'int');
      real = Number(minus + digits);
    }
    return this.#imaginary(real) ?? value;
  }

  /** `1+2j`, as `repr` writes complex numbers. */
  #imaginary(real: number): Value | undefined {
    const start = this.#at;
    this.#skip();
    const sign = this.text[this.#at];
    if (sign === '+' || sign === '-') {
      this.#at++;
      this.#skip();
      const found = this.#match(NUMBER);
      if (found && /[jJ]$/.test(found)) {
        return this.#complex(Number(`${sign}${found.slice(0, -1).replaceAll('_', '')}`), real);
      }
      this.#fail();
    }
    this.#at = start;
    return undefined;
  }

  #complex(imaginary: number, real: number): Value {
    // `-0.0` equals `0.0`.
    if (imaginary === 0) return { ...this.#float(real), type: 'complex' };
    return this.#scalar(`c${real + 0 || 0},${imaginary}`, 'complex');
  }

  /** Integers and whole floats share their keys, since they are equal. */
  #integer(digits: string, type: PyType): Value {
    if (digits.length <= 15) return this.#numeric(`i${Number(digits) || 0}`, type, Number(digits));
    return this.#numeric(`i${BigInt(digits)}`, type, Number(digits));
  }

  #float(value: number): Value {
    if (Number.isNaN(value)) this.#fail();
    if (!Number.isInteger(value)) return this.#numeric(`f${value}`, 'float', value);
    const digits = Math.abs(value) < 1e15 ? String(value || 0) : String(BigInt(value));
    return { ...this.#integer(digits, 'float'), number: value };
  }

  /** One or more string literals side by side, which Python joins. */
  #strings(): Value {
    const parts: string[] = [];
    let kind: 'x' | 'y' | undefined;
    for (;;) {
      const start = /([bBrRuU]{0,2})('''|"""|'|")/y;
      start.lastIndex = this.#at;
      const found = start.exec(this.text);
      if (!found) break;
      const [whole, prefix, quote] = found as unknown as [string, string, string];
      if (!/^(?:[bB][rR]?|[rR][bB]?|[uU])?$/.test(prefix)) this.#fail();
      const isBytes = /[bB]/.test(prefix);
      const letter = isBytes ? 'y' : 'x';
      if (kind && kind !== letter) this.#fail();
      kind = letter;
      this.#at += whole.length;
      parts.push(this.#body(quote, /[rR]/.test(prefix), isBytes));
      this.#skip();
    }
    if (!kind) this.#fail();
    const text = parts.join('');
    return { ...this.#scalar(kind + text, kind === 'y' ? 'bytes' : 'str'), text };
  }

  #body(quote: string, raw: boolean, isBytes: boolean): string {
    const { text } = this;
    const long = quote.length === 3;
    let result = '';
    for (;;) {
      const plain = /[^\\'"\n]+/y;
      plain.lastIndex = this.#at;
      const run = plain.exec(text)?.[0];
      if (run) {
        if (isBytes && /[^\0-\x7f]/.test(run)) this.#fail();
        result += run;
        this.#at += run.length;
      }
      const char = text[this.#at];
      if (char === undefined || (char === '\n' && !long)) this.#fail();
      if (text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return result;
      }
      if (char !== '\\') {
        result += char;
        this.#at++;
      } else if (raw) {
        result += text.slice(this.#at, this.#at + 2);
        this.#at += 2;
      } else {
        result += this.#escape(isBytes);
      }
    }
  }

  #escape(isBytes: boolean): string {
    const pattern = isBytes
      ? /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([\s\S]))/y
      : /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/y;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (!found) this.#fail();
    this.#at += found[0].length;
    const [, octal, ...rest] = found;
    if (octal !== undefined)
      return String.fromCodePoint(Number.parseInt(octal, 8) & (isBytes ? 0xff : 0x1ff));
    const char = rest.pop();
    if (char === undefined) {
      const code = Number.parseInt(rest.find((hex) => hex !== undefined)!, 16);
      return code > 0x10ffff ? this.#fail() : String.fromCodePoint(code);
    }
    const plain = PLAIN_ESCAPES[char];
    if (plain !== undefined) return plain;
    // Names of characters would need Unicode's list; an unfinished escape is an error.
    if (char === 'x' || (!isBytes && 'uUN'.includes(char))) this.#fail();
    return `\\${char}`;
  }
}

const PLAIN_ESCAPES: Record<string, string> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
};

function ids(values: Value[]): number[] {
  return values.map((value) => value.id);
}

function distinct(values: Value[]): number[] {
  return [...new Set(ids(values))].sort((a, b) => a - b);
}
