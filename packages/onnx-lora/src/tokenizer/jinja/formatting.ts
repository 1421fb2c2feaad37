/** Python's two ways to format: `'{}'.format(x)` and `'%s' % x`, with what templates use of them. */
import {
  Float,
  numeric,
  repr,
  str,
  TemplateError,
  Tuple,
  typeName,
  Undefined,
  undefinedError,
  type Value,
} from './values.ts';

/** `%s`, `%r`, `%d` and floats, with flags, width and precision, and names of a dict. */
export function formatPercent(text: string, given: Value): string {
  const args = given instanceof Tuple ? [...given] : [given];
  let next = 0;
  const out = text.replace(
    /%(?:\(([^)]*)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, name: string | undefined, flags: string, width: string | undefined, precision, kind: string) => {
      if (kind === '%') return '%';
      let value: Value | undefined;
      if (name === undefined) value = args[next++];
      else value = given instanceof Map ? given.get(name) : undefined;
      if (value === undefined) throw new TemplateError('not enough arguments for format string');
      return padFormatted(converted(value, kind, flags, precision), flags, width, kind);
    },
  );
  if (next < args.length && !(given instanceof Map)) {
    throw new TemplateError('not all arguments converted during string formatting');
  }
  return out;
}

function converted(value: Value, kind: string, flags: string, precision: string | undefined): string {
  if (kind === 's' || kind === 'r') {
    const text = kind === 's' ? str(value) : repr(value);
    return precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join('');
  }
  if (value instanceof Undefined) throw undefinedError(value);
  const n = numeric(value);
  if (n === undefined) throw new TemplateError(`%${kind} format: a number is needed, not ${typeName(value)}`);
  const sign = n < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const size = Math.abs(n);
  switch (kind) {
    case 'd':
    case 'i':
      return sign + String(Math.trunc(size));
    case 'f':
    case 'F':
      return sign + fixed(size, Number(precision ?? 6));
    case 'x':
      return sign + size.toString(16);
    case 'X':
      return sign + size.toString(16).toUpperCase();
    case 'o':
      return sign + size.toString(8);
    default:
      throw new TemplateError(`the format %${kind} is not supported`);
  }
}

/** Halves go to the even neighbour in Python, and up in JavaScript. */
function fixed(size: number, digits: number): string {
  const exact = size.toFixed(Math.min(100, digits + 60));
  const cut = exact.slice(0, exact.length - 60);
  const isHalf = /^50*$/.test(exact.slice(-60));
  if (!isHalf || digits > 40) return size.toFixed(digits);
  return /[02468]\.?$/.test(cut) ? cut.replace(/\.$/, '') : size.toFixed(digits);
}

function padFormatted(text: string, flags: string, width: string | undefined, kind: string): string {
  const missing = Number(width ?? 0) - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || kind === 's' || kind === 'r') return ' '.repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** `{}`, `{0}`, `{name}`, with `!r` or `!s`, fill, alignment, width, and `d`, `s` or `f`. */
export function formatBraces(
  text: string,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::((?:.?[<>^])?0?\d*(?:\.\d+)?[dsf]?))?\}|[{}]/gs,
    (all, name: string | undefined, conversion: string | undefined, spec: string | undefined) => {
      if (all === '{{' || all === '}}') return all[0]!;
      if (name === undefined) throw new TemplateError(`the format ${JSON.stringify(text)} is not supported`);
      const value = name === '' ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : named.get(name);
      if (value === undefined) throw new TemplateError(`format lacks the argument ${name || next - 1}`);
      return aligned(conversion === 'r' ? repr(value) : conversion === 's' ? str(value) : value, spec ?? '');
    },
  );
}

function aligned(value: Value, spec: string): string {
  const [, fill, align, zero, width, , precision, kind] =
    /^(?:(.?)([<>^]))?(0?)(\d*)(\.(\d+))?([dsf]?)$/s.exec(spec)!;
  const isNumber = typeof value === 'number' || value instanceof Float;
  const type = kind || (isNumber && precision !== undefined ? 'f' : 's');
  const text = type === 's' ? converted(value, 's', '', precision) : converted(value, type, '', precision);
  const missing = Math.max(0, Number(width || 0) - Array.from(text).length);
  const with_ = fill || (zero && isNumber ? '0' : ' ');
  const side = align ?? (isNumber ? '>' : '<');
  const left = side === '>' ? missing : side === '^' ? missing >> 1 : 0;
  if (with_ === '0' && !align && text.startsWith('-')) return `-${'0'.repeat(missing)}${text.slice(1)}`;
  return with_.repeat(left) + text + with_.repeat(missing - left);
}
