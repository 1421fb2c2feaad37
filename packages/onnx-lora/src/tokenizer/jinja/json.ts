/** Python's `json.dumps`, which transformers gives templates as the filter `tojson`. */
import {
  compare,
  Float,
  repr,
  str,
  TemplateError,
  typeName,
  Undefined,
  undefinedError,
  type Value,
} from './values.ts';

export interface JsonOptions {
  ensureAscii: boolean;
  /** The indentation of a level; absent: all on one line. */
  indent: string | undefined;
  /** Between items, and after a key. */
  separators: [string, string];
  sortKeys: boolean;
}

function quoted(text: string, ensureAscii: boolean): string {
  const special: Record<string, string> = {
    '"': '\\"',
    '\\': '\\\\',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\f': '\\f',
    '\b': '\\b',
  };
  const escaped = (c: string) => special[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters.
  return `"${text.replace(ensureAscii ? /["\\]|[^ -~]/g : /["\\\u0000-\u001f]/g, escaped)}"`;
}

function key(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || value instanceof Float)
    return scalar(value);
  throw new TemplateError(`tojson cannot write a key that is a ${typeName(value)}`);
}

function scalar(value: null | boolean | number | Float): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  const text = str(value);
  return { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[text] ?? text;
}

export function toJson(value: Value, options: JsonOptions, depth = 0): string {
  const { ensureAscii, indent, separators, sortKeys } = options;
  if (typeof value === 'string') return quoted(value, ensureAscii);
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || value instanceof Float)
    return scalar(value);
  const line = (level: number) => (indent === undefined ? '' : `\n${indent.repeat(level)}`);
  const within = (open: string, parts: string[], close: string) =>
    parts.length === 0
      ? open + close
      : open + line(depth + 1) + parts.join(separators[0] + line(depth + 1)) + line(depth) + close;
  if (Array.isArray(value)) {
    return within(
      '[',
      value.map((v) => toJson(v, options, depth + 1)),
      ']',
    );
  }
  if (value instanceof Map) {
    const entries = [...value];
    if (sortKeys) entries.sort(([a], [b]) => compare(a, b));
    const parts = entries.map(
      ([k, v]) => quoted(key(k), ensureAscii) + separators[1] + toJson(v, options, depth + 1),
    );
    return within('{', parts, '}');
  }
  if (value instanceof Undefined) throw undefinedError(value);
  throw new TemplateError(`tojson cannot write a ${typeName(value)}: ${repr(value)}`);
}
