/** Jinja2's filters, and transformers' `tojson` in place of Jinja2's. */
import { bind, needInt, needText } from './arguments.ts';
import { formatPercent } from './formatting.ts';
import { toJson } from './json.ts';
import { capitalize, method, replaceText, sorted, strip } from './valueMethods.ts';
import { tests } from './tests.ts';
import {
  equals,
  Float,
  iterate,
  length,
  numeric,
  Once,
  points,
  SPACE,
  str,
  TemplateError,
  truth,
  Tuple,
  typeName,
  Undefined,
  undefinedError,
  type Value,
} from './values.ts';

/** Operations of the interpreter that filters use. */
export interface FilterContext {
  attribute(of: Value, name: string): Value;
  item(of: Value, key: Value): Value;
  filter(name: string, of: Value, args: Value[], named: Map<string, Value>): Value;
  add(a: Value, b: Value): Value;
}

export type Filter = (of: Value, args: Value[], named: Map<string, Value>, context: FilterContext) => Value;

/** Attributes by a dotted path; whole numbers are places. Lower-cased where case does not count. */
function attributeGetter(
  path: Value,
  context: FilterContext,
  { foldCase = false, otherwise }: { foldCase?: boolean; otherwise?: Value } = {},
): (v: Value) => Value {
  const parts: (string | number)[] =
    path === null
      ? []
      : typeof path === 'number'
        ? [path]
        : needText('an attribute', path)
            .split('.')
            .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return (v) => {
    let value = v;
    for (const part of parts) {
      value = context.item(value, part);
      if (value instanceof Undefined && otherwise !== undefined) value = otherwise;
    }
    return foldCase && typeof value === 'string' ? value.toLowerCase() : value;
  };
}

/** `map(attribute=...)` or `map('filter', ...)`. */
function map(of: Value, args: Value[], named: Map<string, Value>, context: FilterContext): Value {
  if (args.length === 0 && named.has('attribute')) {
    const { attribute, default: otherwise } = bind('map', ['attribute', 'default'], [], named);
    const get = attributeGetter(attribute!, context, { ...(otherwise !== undefined && { otherwise }) });
    return new Once(iterate(of).map(get));
  }
  const [name, ...rest] = args;
  return new Once(iterate(of).map((v) => context.filter(needText('map', name), v, rest, named)));
}

/** `select`, `reject` and their forms for attributes. */
function selecting(keep: boolean, byAttribute: boolean): Filter {
  return (of, args, named, context) => {
    const [path, rest] = byAttribute ? [args[0], args.slice(1)] : [null, args];
    if (path === undefined) throw new TemplateError('selectattr and rejectattr need an attribute');
    const get = attributeGetter(path, context);
    const [name, ...given] = rest;
    const test = name === undefined ? truth : (v: Value) => tests(needText('a test', name), v, given, named);
    return new Once(iterate(of).filter((v) => test(get(v)) === keep));
  };
}

function extreme(sign: number): Filter {
  return (of, args, named, context) => {
    const what = sign < 0 ? 'min' : 'max';
    const { case_sensitive, attribute } = bind(what, ['case_sensitive', 'attribute'], args, named);
    const get = attributeGetter(attribute ?? null, context, { foldCase: !truth(case_sensitive ?? false) });
    const items = iterate(of);
    if (items.length === 0) return new Undefined('the extreme of no items');
    const order = sorted(items, get, false);
    if (sign < 0) return order[0]!;
    const top = get(order.at(-1)!);
    return order.find((v) => equals(get(v), top))!;
  };
}

function indent(of: Value, args: Value[], named: Map<string, Value>): Value {
  const { width, first, blank } = bind('indent', ['width', 'first', 'blank'], args, named);
  const by = typeof width === 'string' ? width : ' '.repeat(needInt('indent', width, 4));
  // Jinja2 adds a line end, so that a last one is a line of its own.
  const text = `${needText('indent', of)}\n`;
  const lines = text.split('\n').slice(0, -1);
  const all = truth(blank ?? false);
  const rest = lines.slice(1).map((line) => (all || line !== '' ? by + line : line));
  const head = truth(first ?? false) ? by + lines[0]! : lines[0]!;
  return [head, ...rest].join('\n');
}

function toInt(of: Value, args: Value[], named: Map<string, Value>): Value {
  const { default: otherwise = 0, base } = bind('int', ['default', 'base'], args, named);
  const radix = needInt('int', base, 10);
  if (of instanceof Undefined) throw undefinedError(of);
  if (typeof of !== 'string') {
    const n = numeric(of);
    return n === undefined || !Number.isFinite(n) ? otherwise : Math.trunc(n);
  }
  const text = strip(of, 'both').replace(/(?<=\d)_(?=\d)/g, '');
  const digits =
    radix === 16 ? text.replace(/^([-+]?)0x/i, '$1') : radix === 2 ? text.replace(/^([-+]?)0b/i, '$1') : text;
  const valid = { 2: /^[-+]?[01]+$/, 8: /^[-+]?[0-7]+$/, 10: /^[-+]?\d+$/, 16: /^[-+]?[\da-f]+$/i }[radix];
  if (valid?.test(digits)) return Number.parseInt(digits, radix);
  const float = floatOf(text);
  return float !== undefined && Number.isFinite(float) ? Math.trunc(float) : otherwise;
}

function floatOf(text: string): number | undefined {
  const bare = strip(text, 'both').replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(bare)) return Number(bare);
  const special = /^([-+]?)(inf(?:inity)?|nan)$/i.exec(bare);
  if (!special) return undefined;
  return special[2]!.toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
}

function round(of: Value, args: Value[], named: Map<string, Value>): Value {
  const { precision, method: how = 'common' } = bind('round', ['precision', 'method'], args, named);
  const n = numeric(of);
  if (n === undefined) throw new TemplateError(`round needs a number, not a ${typeName(of)}`);
  const factor = 10 ** needInt('round', precision, 0);
  if (how === 'ceil') return new Float(Math.ceil(n * factor) / factor);
  if (how === 'floor') return new Float(Math.floor(n * factor) / factor);
  // Python rounds halves to the even neighbour; an int stays one.
  const scaled = n * factor;
  const down = Math.floor(scaled);
  const half = scaled - down === 0.5;
  const rounded = half ? (down % 2 === 0 ? down : down + 1) : Math.round(scaled);
  return typeof of === 'number' ? rounded / factor : new Float(rounded / factor);
}

function unique(of: Value, args: Value[], named: Map<string, Value>, context: FilterContext): Value {
  const { case_sensitive, attribute } = bind('unique', ['case_sensitive', 'attribute'], args, named);
  const get = attributeGetter(attribute ?? null, context, { foldCase: !truth(case_sensitive ?? false) });
  const seen: Value[] = [];
  return new Once(
    iterate(of).filter((v) => {
      const key = get(v);
      if (seen.some((s) => equals(s, key))) return false;
      seen.push(key);
      return true;
    }),
  );
}

/** `groupby`: pairs of a key and its items, by the key's order. */
function groupBy(of: Value, args: Value[], named: Map<string, Value>, context: FilterContext): Value {
  const bound = bind('groupby', ['attribute', 'default', 'case_sensitive'], args, named);
  const options = bound.default === undefined ? {} : { otherwise: bound.default };
  const plain = attributeGetter(bound.attribute!, context, options);
  const key = attributeGetter(bound.attribute!, context, {
    ...options,
    foldCase: !truth(bound.case_sensitive ?? false),
  });
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted(iterate(of), key, false)) {
    const last = groups.at(-1);
    if (last && equals(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return groups.map(({ items }) => Tuple.with(plain(items[0]!), items));
}

function batch(of: Value, args: Value[], named: Map<string, Value>): Value {
  const { linecount, fill_with } = bind('batch', ['linecount', 'fill_with'], args, named);
  const size = needInt('batch', linecount);
  const items = iterate(of);
  const out: Value[][] = [];
  for (let i = 0; i < items.length; i += size) out.push(items.slice(i, i + size));
  const last = out.at(-1);
  if (last && fill_with !== undefined && fill_with !== null) while (last.length < size) last.push(fill_with);
  return new Once(out);
}

function reverse(of: Value): Value {
  if (typeof of === 'string') return points(of).reverse().join('');
  return new Once([...iterate(of)].reverse());
}

function dictSort(of: Value, args: Value[], named: Map<string, Value>): Value {
  const bound = bind('dictsort', ['case_sensitive', 'by', 'reverse'], args, named);
  if (!(of instanceof Map)) throw new TemplateError(`dictsort needs a dict, not a ${typeName(of)}`);
  const place = (bound.by ?? 'key') === 'key' ? 0 : 1;
  const fold = (v: Value) =>
    typeof v === 'string' && !truth(bound.case_sensitive ?? false) ? v.toLowerCase() : v;
  const pairs = [...of].map((pair) => Tuple.with(...pair));
  return sorted(pairs, (pair) => fold((pair as Tuple)[place]!), truth(bound.reverse ?? false));
}

function first(of: Value): Value {
  const value = of instanceof Once ? of.next() : iterate(of)[0];
  return value ?? new Undefined('the first of no items');
}

function last(of: Value): Value {
  if (of instanceof Once) throw new TemplateError(`'${typeName(of)}' object is not reversible`);
  return iterate(of).at(-1) ?? new Undefined('the last of no items');
}

function jsonFilter(of: Value, args: Value[], named: Map<string, Value>): Value {
  const bound = bind('tojson', ['ensure_ascii', 'indent', 'separators', 'sort_keys'], args, named);
  const { indent: by = null, separators = null } = bound;
  const level =
    by === null ? undefined : typeof by === 'string' ? by : ' '.repeat(Math.max(0, needInt('tojson', by)));
  const given = separators === null ? undefined : iterate(separators).map((s) => needText('tojson', s));
  return toJson(of, {
    ensureAscii: truth(bound.ensure_ascii ?? false),
    indent: level,
    separators: given ? [given[0]!, given[1]!] : [level === undefined ? ', ' : ',', ': '],
    sortKeys: truth(bound.sort_keys ?? false),
  });
}

/** Jinja2's words: after white space, and after brackets and hyphens. */
const title = (text: string): string =>
  text
    .split(new RegExp(`([-${SPACE}({\\[<]+)`))
    .map(capitalize)
    .join('');

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

const ALL: Record<string, Filter> = {
  abs: (of) => {
    const n = numeric(of);
    if (n === undefined) throw new TemplateError(`abs needs a number, not a ${typeName(of)}`);
    return of instanceof Float ? new Float(Math.abs(n)) : Math.abs(n);
  },
  attr: (of, args, named, context) => {
    const name = needText('attr', bind('attr', ['name'], args, named).name);
    return of instanceof Map ? (method(of, name) ?? new Undefined(`'${name}'`)) : context.attribute(of, name);
  },
  batch,
  capitalize: (of) => capitalize(str(of)),
  center: (of, args, named) => {
    const width = needInt('center', bind('center', ['width'], args, named).width, 80);
    return method(str(of), 'center')!.call([width], new Map());
  },
  default: (of, args, named) => {
    const { default_value = '', boolean } = bind('default', ['default_value', 'boolean'], args, named);
    return of instanceof Undefined || (truth(boolean ?? false) && !truth(of)) ? default_value : of;
  },
  dictsort: dictSort,
  escape: (of) => str(of).replace(/[&<>'"]/g, (c) => HTML[c]!),
  first,
  float: (of, args, named) => {
    const { default: otherwise = new Float(0) } = bind('float', ['default'], args, named);
    if (of instanceof Undefined) throw undefinedError(of);
    const n = typeof of === 'string' ? floatOf(of) : numeric(of);
    return n === undefined ? otherwise : new Float(n);
  },
  format: (of, args, named) =>
    formatPercent(str(of), named.size > 0 ? new Map<Value, Value>(named) : Tuple.with(...args)),
  groupby: groupBy,
  indent,
  int: toInt,
  items: (of) => {
    if (of instanceof Undefined) return new Once([]);
    if (!(of instanceof Map)) throw new TemplateError('items needs a dict');
    return new Once([...of].map((pair) => Tuple.with(...pair)));
  },
  join: (of, args, named, context) => {
    const { d = '', attribute } = bind('join', ['d', 'attribute'], args, named);
    const get = attributeGetter(attribute ?? null, context);
    return iterate(of)
      .map((v) => str(get(v)))
      .join(str(d));
  },
  last,
  length: (of) => length(of),
  list: (of) => [...iterate(of)],
  lower: (of) => str(of).toLowerCase(),
  map,
  max: extreme(1),
  min: extreme(-1),
  reject: selecting(false, false),
  rejectattr: selecting(false, true),
  replace: (of, args, named) => {
    const { old, new: by, count } = bind('replace', ['old', 'new', 'count'], args, named);
    return replaceText(str(of), str(old!), str(by!), needInt('replace', count, -1));
  },
  reverse,
  round,
  safe: (of) => str(of),
  select: selecting(true, false),
  selectattr: selecting(true, true),
  sort: (of, args, named, context) => {
    const bound = bind('sort', ['reverse', 'case_sensitive', 'attribute'], args, named);
    const foldCase = !truth(bound.case_sensitive ?? false);
    const paths =
      typeof bound.attribute === 'string' ? bound.attribute.split(',') : [bound.attribute ?? null];
    const getters = paths.map((path) => attributeGetter(path, context, { foldCase }));
    return sorted(iterate(of), (v) => getters.map((get) => get(v)), truth(bound.reverse ?? false));
  },
  string: (of) => str(of),
  sum: (of, args, named, context) => {
    const { attribute, start = 0 } = bind('sum', ['attribute', 'start'], args, named);
    const get = attributeGetter(attribute ?? null, context);
    return iterate(of).reduce((sum: Value, v) => context.add(sum, get(v)), start);
  },
  title: (of) => title(str(of)),
  tojson: jsonFilter,
  trim: (of, args, named) => strip(str(of), 'both', bind('trim', ['chars'], args, named).chars),
  unique,
  upper: (of) => str(of).toUpperCase(),
  wordcount: (of) => (str(of).match(/[\p{L}\p{N}\p{M}\p{Pc}]+/gu) ?? []).length,
};
ALL.d = ALL.default!;
ALL.e = ALL.escape!;
ALL.count = ALL.length!;

export function applyFilter(
  name: string,
  of: Value,
  args: Value[],
  named: Map<string, Value>,
  context: FilterContext,
): Value {
  if (!Object.hasOwn(ALL, name)) throw new TemplateError(`the filter ${name} is not supported`);
  return ALL[name]!(of, args, named, context);
}

export const isFilter = (name: string): boolean => Object.hasOwn(ALL, name);
