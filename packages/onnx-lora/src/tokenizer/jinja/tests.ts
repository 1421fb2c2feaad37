/** Jinja2's tests: what may follow `is`. */
import {
  compare,
  equals,
  Float,
  Func,
  isIterable,
  iterate,
  numeric,
  Once,
  str,
  TemplateError,
  Undefined,
  undefinedError,
  type Value,
} from './values.ts';

const integer = (v: Value): number => {
  const n = v instanceof Float ? undefined : numeric(v);
  if (n !== undefined) return n;
  throw v instanceof Undefined ? undefinedError(v) : new TemplateError('the test needs an int');
};

/** `a in b`. */
export function contains(value: Value, within: Value): boolean {
  if (typeof within === 'string') {
    if (value instanceof Undefined || typeof value !== 'string') {
      throw new TemplateError("'in <string>' requires string as left operand");
    }
    return within.includes(value);
  }
  if (within instanceof Map) return [...within.keys()].some((key) => equals(key, value));
  return iterate(within).some((v) => equals(v, value));
}

/** Python's `is`, as far as a template can tell. */
function same(a: Value, b: Value): boolean {
  if (a instanceof Float && b instanceof Float) return a === b;
  return a === b;
}

type Test = (v: Value, other: Value) => boolean;

const ALL: Record<string, Test> = {
  boolean: (v) => typeof v === 'boolean',
  callable: (v) => v instanceof Func,
  defined: (v) => !(v instanceof Undefined),
  divisibleby: (v, by) => integer(v) % integer(by) === 0,
  eq: equals,
  even: (v) => integer(v) % 2 === 0,
  escaped: () => false,
  false: (v) => v === false,
  float: (v) => v instanceof Float,
  ge: (v, other) => compare(v, other) >= 0,
  gt: (v, other) => compare(v, other) > 0,
  in: contains,
  integer: (v) => typeof v === 'number',
  iterable: (v) => isIterable(v),
  le: (v, other) => compare(v, other) <= 0,
  lower: (v) => str(v) === str(v).toLowerCase() && str(v) !== str(v).toUpperCase(),
  lt: (v, other) => compare(v, other) < 0,
  mapping: (v) => v instanceof Map,
  ne: (v, other) => !equals(v, other),
  none: (v) => v === null,
  number: (v) => numeric(v) !== undefined,
  odd: (v) => Math.abs(integer(v) % 2) === 1,
  sameas: same,
  sequence: (v) => isIterable(v) && !(v instanceof Once),
  string: (v) => typeof v === 'string',
  true: (v) => v === true,
  undefined: (v) => v instanceof Undefined,
  upper: (v) => str(v) === str(v).toUpperCase() && str(v) !== str(v).toLowerCase(),
};
for (const [alias, name] of Object.entries({
  '==': 'eq',
  equalto: 'eq',
  '!=': 'ne',
  '<': 'lt',
  lessthan: 'lt',
  '<=': 'le',
  '>': 'gt',
  greaterthan: 'gt',
  '>=': 'ge',
})) {
  ALL[alias] = ALL[name]!;
}

export const isTest = (name: string): boolean => Object.hasOwn(ALL, name);

/** Tests by name; names may be values too: `selectattr('role', 'equalto', 'user')`. */
export function tests(
  name: string,
  v: Value,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): boolean {
  if (!isTest(name)) throw new TemplateError(`the test ${name} is not supported`);
  if (named.size > 0) throw new TemplateError(`the test ${name} has no named arguments`);
  const test = ALL[name]!;
  if (args.length !== (TWO.has(test) ? 1 : 0)) {
    throw new TemplateError(`the test ${name} takes ${TWO.has(test) ? 'one argument' : 'no arguments'}`);
  }
  return test(v, args[0] ?? null);
}

/** Tests that take an argument to compare with. */
const TWO = new Set<Test>(
  ['divisibleby', 'eq', 'ge', 'gt', 'in', 'le', 'lt', 'ne', 'sameas'].map((name) => ALL[name]!),
);
