/** Methods of str, list, tuple and dict as Python has them, except for those that change their object. */
import { bind, needInt, needText } from './arguments.ts';
import { formatBraces } from './formatting.ts';
import {
  type Callable,
  compare,
  type Dict,
  dictKey,
  equals,
  Func,
  iterate,
  LINE_END,
  points,
  slice,
  SPACE,
  TemplateError,
  truth,
  Tuple,
  type Value,
  View,
} from './values.ts';

const LEADING = new RegExp(`^[${SPACE}]+`);
const TRAILING = new RegExp(`[${SPACE}]+$`);
/** Where `splitlines` splits. */
const LINE_ENDS = new RegExp(`\\r\\n|[${LINE_END}]`, 'g');

export function strip(text: string, side: 'left' | 'right' | 'both', chars?: Value): string {
  if (chars === undefined || chars === null) {
    const left = side === 'right' ? text : text.replace(LEADING, '');
    return side === 'left' ? left : left.replace(TRAILING, '');
  }
  const set = new Set(points(needText('strip', chars)));
  const all = points(text);
  let [from, to] = [0, all.length];
  if (side !== 'right') while (from < to && set.has(all[from]!)) from++;
  if (side !== 'left') while (to > from && set.has(all[to - 1]!)) to--;
  return all.slice(from, to).join('');
}

export function replaceText(text: string, old: string, by: string, count: number): string {
  if (count < 0) return old === '' ? [...['', ...points(text), '']].join(by) : text.replaceAll(old, () => by);
  if (old === '') {
    const all = points(text);
    const put = Math.min(count, all.length + 1);
    return all.map((c, i) => (i < put ? by + c : c)).join('') + (put > all.length ? by : '');
  }
  const parts = text.split(old);
  const replaced = parts.slice(0, count + 1).join(by);
  return parts.length > count + 1 ? [replaced, ...parts.slice(count + 1)].join(old) : replaced;
}

function splitText(text: string, separator: Value | undefined, most: number, fromRight: boolean): string[] {
  if (separator === undefined || separator === null) {
    if (most < 0) return text.split(new RegExp(`[${SPACE}]+`)).filter((part) => part !== '');
    const out: string[] = [];
    let rest = strip(text, fromRight ? 'right' : 'left');
    const pattern = fromRight
      ? new RegExp(`^(?:([^]*)[${SPACE}])?([^${SPACE}]+)$`)
      : new RegExp(`^([^${SPACE}]+)(?:[${SPACE}]([^]*))?$`);
    while (rest && out.length < most) {
      const match = pattern.exec(rest)!;
      out.push(fromRight ? match[2]! : match[1]!);
      rest = strip((fromRight ? match[1] : match[2]) ?? '', fromRight ? 'right' : 'left');
    }
    if (rest) out.push(rest);
    return fromRight ? out.reverse() : out;
  }
  const by = needText('split', separator);
  if (by === '') throw new TemplateError('split got an empty separator');
  const parts = text.split(by);
  if (most < 0 || parts.length <= most + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - most).join(by), ...parts.slice(parts.length - most)]
    : [...parts.slice(0, most), parts.slice(most).join(by)];
}

function splitLines(text: string, keep: boolean): string[] {
  const out: string[] = [];
  let from = 0;
  for (const match of text.matchAll(LINE_ENDS)) {
    const end = match.index + match[0].length;
    out.push(text.slice(from, keep ? end : match.index));
    from = end;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

export const capitalize = (text: string): string => {
  const [first = '', ...rest] = points(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
};

const title = (text: string): string => text.replace(/\p{L}+/gu, (word) => capitalize(word));

/** Whether there is a character and all of them are of the kind. */
const all = (text: string, kind: RegExp): boolean => text !== '' && points(text).every((c) => kind.test(c));
const cased = (text: string, other: string): boolean => text !== other;

function partition(text: string, by: string, at: number, otherwise: [string, string, string]): Tuple {
  return Tuple.with(...(at < 0 ? otherwise : [text.slice(0, at), by, text.slice(at + by.length)]));
}

function pad(text: string, width: number, fill: string, side: 'left' | 'right' | 'both'): string {
  const missing = Math.max(0, width - points(text).length);
  const left = side === 'left' ? missing : side === 'right' ? 0 : (missing >> 1) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** Whether the text between two places begins or ends with one of several. */
function affix(text: string, args: Value[], ends: boolean, what: string): boolean {
  const bound = bind(what, ['prefix', 'start', 'end'], args);
  const part = slice(points(text), bound.start ?? null, bound.end ?? null, null).join('');
  const { prefix } = bound;
  const options = prefix instanceof Tuple ? [...prefix] : [prefix];
  return options.some((o) => (ends ? part.endsWith(needText(what, o)) : part.startsWith(needText(what, o))));
}

/** The place, in characters, where a part is first or last; -1 where it is not. */
function find(text: string, args: Value[], last: boolean, what: string): number {
  const bound = bind(what, ['part', 'start', 'end'], args);
  const chars = points(text);
  const start = needInt(what, bound.start, 0);
  const from = Math.max(0, start < 0 ? start + chars.length : start);
  const within = slice(chars, bound.start ?? null, bound.end ?? null, null).join('');
  const part = needText(what, bound.part);
  if (from > chars.length) return -1;
  const at = last ? within.lastIndexOf(part) : within.indexOf(part);
  return at < 0 ? -1 : from + points(within.slice(0, at)).length;
}

function view(what: string, args: Value[], items: Value[]): View {
  bind(what, [], args);
  return new View(items, `dict_${what}`);
}

type Methods<T> = Record<string, (self: T, args: Value[], named: Map<string, Value>) => Value>;

const TEXT: Methods<string> = {
  upper: (s) => s.toUpperCase(),
  lower: (s) => s.toLowerCase(),
  casefold: (s) => s.toLowerCase().replaceAll('ß', 'ss'),
  capitalize,
  title,
  swapcase: (s) =>
    points(s)
      .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
      .join(''),
  strip: (s, args) => strip(s, 'both', bind('strip', ['chars'], args).chars),
  lstrip: (s, args) => strip(s, 'left', bind('lstrip', ['chars'], args).chars),
  rstrip: (s, args) => strip(s, 'right', bind('rstrip', ['chars'], args).chars),
  split: (s, args, named) => {
    const { sep, maxsplit } = bind('split', ['sep', 'maxsplit'], args, named);
    return splitText(s, sep, needInt('split', maxsplit, -1), false);
  },
  rsplit: (s, args, named) => {
    const { sep, maxsplit } = bind('rsplit', ['sep', 'maxsplit'], args, named);
    return splitText(s, sep, needInt('rsplit', maxsplit, -1), true);
  },
  splitlines: (s, args, named) =>
    splitLines(s, truth(bind('splitlines', ['keepends'], args, named).keepends ?? false)),
  replace: (s, args, named) => {
    const { old, new: by, count } = bind('replace', ['old', 'new', 'count'], args, named);
    return replaceText(s, needText('replace', old), needText('replace', by), needInt('replace', count, -1));
  },
  removeprefix: (s, args) => {
    const prefix = needText('removeprefix', bind('removeprefix', ['prefix'], args).prefix);
    return s.startsWith(prefix) ? s.slice(prefix.length) : s;
  },
  removesuffix: (s, args) => {
    const suffix = needText('removesuffix', bind('removesuffix', ['suffix'], args).suffix);
    return suffix && s.endsWith(suffix) ? s.slice(0, -suffix.length) : s;
  },
  startswith: (s, args) => affix(s, args, false, 'startswith'),
  endswith: (s, args) => affix(s, args, true, 'endswith'),
  find: (s, args) => find(s, args, false, 'find'),
  rfind: (s, args) => find(s, args, true, 'rfind'),
  index: (s, args) => found(find(s, args, false, 'index')),
  rindex: (s, args) => found(find(s, args, true, 'rindex')),
  count: (s, args) => {
    const part = needText('count', bind('count', ['part'], args).part);
    return part === '' ? points(s).length + 1 : s.split(part).length - 1;
  },
  join: (s, args) =>
    iterate(bind('join', ['items'], args).items ?? [])
      .map((v) => needText('join', v))
      .join(s),
  partition: (s, args) => {
    const by = needText('partition', bind('partition', ['sep'], args).sep);
    return partition(s, by, s.indexOf(by), [s, '', '']);
  },
  rpartition: (s, args) => {
    const by = needText('rpartition', bind('rpartition', ['sep'], args).sep);
    return partition(s, by, s.lastIndexOf(by), ['', '', s]);
  },
  center: (s, args) => padded(s, args, 'center', 'both'),
  ljust: (s, args) => padded(s, args, 'ljust', 'right'),
  rjust: (s, args) => padded(s, args, 'rjust', 'left'),
  zfill: (s, args) => {
    const width = needInt('zfill', bind('zfill', ['width'], args).width);
    const sign = /^[-+]/.exec(s)?.[0] ?? '';
    return sign + pad(s.slice(sign.length), width - sign.length, '0', 'left');
  },
  isdigit: (s) => all(s, /[\p{Nd}²³¹⁰-⁹₀-₉]/u),
  isdecimal: (s) => all(s, /\p{Nd}/u),
  isnumeric: (s) => all(s, /\p{N}/u),
  isalpha: (s) => all(s, /\p{L}/u),
  isalnum: (s) => all(s, /[\p{L}\p{N}]/u),
  isspace: (s) => all(s, new RegExp(`[${SPACE}]`)),
  isascii: (s) => points(s).every((c) => c.codePointAt(0)! < 128),
  islower: (s) => s === s.toLowerCase() && cased(s, s.toUpperCase()),
  isupper: (s) => s === s.toUpperCase() && cased(s, s.toLowerCase()),
  istitle: (s) => /\p{L}/u.test(s) && s === title(s),
  format: (s, args, named) => formatBraces(s, args, named),
};

function padded(s: string, args: Value[], what: string, side: 'left' | 'right' | 'both'): string {
  const { width, fill } = bind(what, ['width', 'fill'], args);
  return pad(s, needInt(what, width), needText(what, fill ?? ' '), side);
}

function found(at: number): number {
  if (at < 0) throw new TemplateError('substring not found');
  return at;
}

const LIST: Methods<Value[]> = {
  index: (list, args) => {
    const { value } = bind('index', ['value'], args);
    const at = list.findIndex((v) => equals(v, value!));
    if (at < 0) throw new TemplateError('the value is not in the list');
    return at;
  },
  count: (list, args) => {
    const { value } = bind('count', ['value'], args);
    return list.filter((v) => equals(v, value!)).length;
  },
  copy: (list) => [...list],
};

const DICT: Methods<Dict> = {
  get: (dict, args) => {
    const { key, default: otherwise } = bind('get', ['key', 'default'], args);
    const value = dict.get(dictKey(key!));
    return value === undefined ? (otherwise ?? null) : value;
  },
  keys: (dict, args) => view('keys', args, [...dict.keys()]),
  values: (dict, args) => view('values', args, [...dict.values()]),
  items: (dict, args) =>
    view(
      'items',
      args,
      [...dict].map((pair) => Tuple.with(...pair)),
    ),
  copy: (dict) => new Map(dict),
};

/** Methods that change their object, which templates may not. */
const CHANGING = {
  list: ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'],
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};

/** The method `name` of a value, or undefined where it has none. */
export function method(of: Value, name: string): Func | undefined {
  const pick = <T extends Value>(self: T, methods: Methods<T>): Func | undefined => {
    const own = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return own && new Func(name, ((args, named) => own(self, args, named)) as Callable);
  };
  if (typeof of === 'string') return pick(of, TEXT);
  const kind = Array.isArray(of) && !(of instanceof Tuple) ? 'list' : of instanceof Map ? 'dict' : undefined;
  if (kind && CHANGING[kind].includes(name)) {
    return new Func(name, () => {
      throw new TemplateError(`${name} would change a ${kind}, which chat templates may not`);
    });
  }
  if (of instanceof Tuple) return name === 'copy' ? undefined : pick<Value[]>(of, LIST);
  if (Array.isArray(of)) return pick(of, LIST);
  return of instanceof Map ? pick(of, DICT) : undefined;
}

/** Python's `sorted`: stable, by a key. */
export function sorted(items: readonly Value[], key: (v: Value) => Value, reverse: boolean): Value[] {
  const keyed = items.map((v) => [key(v), v] as const);
  keyed.sort(([a], [b]) => (reverse ? compare(b, a) : compare(a, b)));
  return keyed.map(([, v]) => v);
}
