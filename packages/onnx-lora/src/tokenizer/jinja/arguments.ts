/** Arguments of filters, methods and macros, bound to parameters as Python binds them. */
import { Float, TemplateError, typeName, Undefined, undefinedError, type Value } from './values.ts';

/** The arguments of `what` by parameter: positional ones in order, then named ones. Absent ones are undefined. */
export function bind<const Names extends readonly string[]>(
  what: string,
  names: Names,
  args: readonly Value[],
  named: ReadonlyMap<string, Value> = new Map(),
): { [K in Names[number]]?: Value } {
  if (args.length > names.length) {
    throw new TemplateError(`${what} takes at most ${names.length} arguments, and gets ${args.length}`);
  }
  const bound: Record<string, Value> = {};
  args.forEach((value, i) => {
    bound[names[i]!] = value;
  });
  for (const [name, value] of named) {
    if (!names.includes(name)) throw new TemplateError(`${what} has no argument ${name}`);
    if (name in bound) throw new TemplateError(`${what} gets ${name} twice`);
    bound[name] = value;
  }
  return bound as { [K in Names[number]]?: Value };
}

export function needText(what: string, value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) throw undefinedError(value);
  throw new TemplateError(`${what} needs a string, not ${value === undefined ? 'nothing' : typeName(value)}`);
}

/** An int, or `otherwise` where there is no argument or None. */
export function needInt(what: string, value: Value | undefined, otherwise?: number): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if ((value === undefined || value === null) && otherwise !== undefined) return otherwise;
  if (value instanceof Undefined) throw undefinedError(value);
  const given = value === undefined ? 'nothing' : value instanceof Float ? 'a float' : typeName(value);
  throw new TemplateError(`${what} needs an int, not ${given}`);
}
