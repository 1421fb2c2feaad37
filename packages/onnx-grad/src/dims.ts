/**
 * Arithmetic with sizes that are known only at run time: polynomials in named sizes, as text, such as
 * `2*batch*seq+past`. Names stand for natural numbers. Equal polynomials have equal text.
 */
import type { Dim } from './model.ts';

/** Coefficient by monomial; the monomial of a number is the empty string. */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map(dim === 0 ? [] : [['', dim]]);
  const out: Polynomial = new Map();
  for (const term of dim.split('+')) {
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split('*')) {
      const n = Number(factor);
      if (factor !== '' && Number.isInteger(n)) coefficient *= n;
      else names.push(factor);
    }
    accumulate(out, names.sort().join('*'), coefficient);
  }
  return out;
}

function accumulate(p: Polynomial, monomial: string, coefficient: number): void {
  const sum = (p.get(monomial) ?? 0) + coefficient;
  if (sum === 0) p.delete(monomial);
  else p.set(monomial, sum);
}

function format(p: Polynomial): Dim {
  const terms = [...p].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === '') return terms[0]![1];
  return terms
    .map(([monomial, c]) => (monomial === '' ? String(c) : c === 1 ? monomial : `${c}*${monomial}`))
    .join('+');
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const out = parse(a);
  for (const [monomial, c] of parse(b)) accumulate(out, monomial, c);
  return format(out);
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const out: Polynomial = new Map();
  for (const [m, c] of parse(a)) {
    for (const [n, d] of parse(b)) {
      const names = [...(m ? m.split('*') : []), ...(n ? n.split('*') : [])].sort();
      accumulate(out, names.join('*'), c * d);
    }
  }
  return format(out);
}

export const subtractDims = (a: Dim, b: Dim): Dim => addDims(a, multiplyDims(b, -1));

export const productDim = (dims: readonly Dim[]): Dim => dims.reduce<Dim>(multiplyDims, 1);

/** `a / b` where it is a polynomial; undefined where it is not, or where b is a sum other than a. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return a === b ? 1 : undefined;
  const [monomial, coefficient] = divisor[0]!;
  const out: Polynomial = new Map();
  for (const [m, c] of parse(a)) {
    const names = m ? m.split('*') : [];
    for (const name of monomial ? monomial.split('*') : []) {
      const at = names.indexOf(name);
      if (at < 0) return undefined;
      names.splice(at, 1);
    }
    if (c % coefficient !== 0) return undefined;
    accumulate(out, names.join('*'), c / coefficient);
  }
  return format(out);
}

/** Whether the value is at least 0 whatever the named sizes are: no coefficient is negative. */
export function isNatural(dim: Dim): boolean {
  if (typeof dim === 'number') return dim >= 0;
  return [...parse(dim).values()].every((c) => c >= 0);
}

/** -1, 0 or 1 as a is below, equal to or above b whatever the named sizes are; undefined where it depends on them. */
export function compareDims(a: Dim, b: Dim): number | undefined {
  if (a === b) return 0;
  const difference = subtractDims(a, b);
  if (typeof difference === 'number') return Math.sign(difference);
  const values = [...parse(difference)];
  const constant = values.find(([m]) => m === '')?.[1] ?? 0;
  if (values.every(([, c]) => c >= 0) && constant > 0) return 1;
  if (values.every(([, c]) => c <= 0) && constant < 0) return -1;
  return undefined;
}
