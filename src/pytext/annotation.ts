/** Python's type annotations of values that are written as literals. */
import { readValue, type Value } from './sameValue.ts';

/** Python's annotation of a value; undefined where there is none that says more than nothing. */
function typeOf({ type, items = [] }: Value): string | undefined {
  switch (type) {
    case 'bool':
    case 'int':
    case 'float':
    case 'str':
    case 'bytes':
    case 'dict':
    case 'set':
    case 'tuple':
      return type;
    case 'list': {
      const inner = common(items.map(typeOf));
      return inner === undefined ? type : `list[${inner}]`;
    }
    default:
      return undefined;
  }
}

/** The one type of all; a list of nothing goes with any other. */
function common(types: readonly (string | undefined)[]): string | undefined {
  const different = [...new Set(types)].filter((t, _, all) => t !== 'list' || all.length === 1);
  return different.length === 1 ? different[0] : undefined;
}

/** The annotation that fits all of the literals; undefined where they are no single values, or of several types. */
export function annotation(literals: readonly string[]): string | undefined {
  const values = literals.map((literal) => readValue(literal));
  return values.every((v) => v !== undefined) ? common(values.map(typeOf)) : undefined;
}
