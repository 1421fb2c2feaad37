/** Names of runs, until somebody renames them: what they are, and a number. Unique ids are not their business. */
import { type MethodName, METHODS } from '../gasp/methods.ts';

/** Such as `GASP + hindsight 3`: the first number above all that runs of this method have among the names `taken`. */
export function runName(method: MethodName, taken: Iterable<string> = []): string {
  const { title } = METHODS[method];
  let last = 0;
  for (const name of taken) {
    const [, number] = name.startsWith(`${title} `)
      ? (/^(\d{1,9})$/.exec(name.slice(title.length + 1)) ?? [])
      : [];
    last = Math.max(last, Number(number ?? 0));
  }
  return `${title} ${last + 1}`;
}
