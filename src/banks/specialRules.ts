/**
 * EvalPlus's rules for single tasks (`evalplus/eval/__init__.py`, `_special_oracle.py`), for every form in
 * which one comes. They are known by benchmark and function, as there.
 */
import { readValue, sameValue } from '../pytext/sameValue.ts';

export type EvalPlusBenchmark = 'humaneval' | 'mbpp';

export interface SpecialCase {
  /** All three as the judge writes them; `input` is an argument list. */
  value: string;
  expected: string;
  input: string;
  atol: number;
}

/**
 * Whether a special rule takes the value for right: `settled` where nothing but the rule counts, else the
 * usual comparison may still do so.
 */
export type SpecialRule = {
  settled: boolean;
  accepts(one: SpecialCase): boolean;
  /** The same as the body of a Python function of `out`, `exp`, `inp` and `atol`. */
  python: string;
};

export function specialRule(benchmark: EvalPlusBenchmark, entry: string): SpecialRule | undefined {
  return RULES[benchmark].get(entry);
}

/** Only whether there is a match counts; the solution gives the match itself, or whether there is one. */
const MATCH: SpecialRule = {
  settled: true,
  accepts: ({ value, expected }) => isMatch(value) === isMatch(expected),
  python: `return (out if isinstance(out, bool) else out is not None) == (exp if isinstance(exp, bool) else exp is not None)`,
};

function isMatch(literal: string): boolean {
  return literal !== 'False' && literal !== 'None';
}

const RULES: Record<EvalPlusBenchmark, Map<string, SpecialRule>> = {
  humaneval: new Map<string, SpecialRule>([
    [
      // HumanEval/32: any root will do.
      'find_zero',
      {
        settled: true,
        accepts: ({ value, input, atol }) => Math.abs(polynomial(input, value)) <= (atol || 1e-4),
        python: 'return abs(sum(c * math.pow(out, i) for i, c in enumerate(inp[0]))) <= (atol or 1e-4)',
      },
    ],
  ]),
  mbpp: new Map<string, SpecialRule>([
    // Mbpp/164: its examples contradict each other.
    ['are_equivalent', { settled: true, accepts: () => true, python: 'return True' }],
    // Mbpp/295: the divisors of a prime.
    ['sum_div', { settled: false, accepts: ({ value }) => sameValue(value, '0'), python: 'return out == 0' }],
    // Mbpp/558: the shorter number filled up with zeros.
    [
      'digit_distance_nums',
      {
        settled: false,
        accepts: ({ value, input }) => sameValue(value, String(digitDistance(input))),
        python: `
            a, b = map(str, inp)
            size = max(len(a), len(b))
            return out == sum(abs(int(x) - int(y)) for x, y in zip(a.zfill(size), b.zfill(size)))`,
      },
    ],
    // Mbpp/581: the height instead of the slant height.
    [
      'surface_Area',
      {
        settled: false,
        accepts: ({ value, input, atol }) =>
          Math.abs((readValue(value)?.number ?? Number.NaN) - surfaceArea(input)) <= atol,
        python: `
            base, height = inp
            return abs(out - round(base**2 + 2 * base * math.sqrt((base / 2) ** 2 + height**2))) <= atol`,
      },
    ],
    ['check_str', MATCH],
    ['text_match_three', MATCH],
    ['text_starta_endb', MATCH],
  ]),
};

/** The numbers of an argument list; of a list among them its numbers. */
function numbersOf(input: string): number[] {
  const args = readValue(`[${input}]`)?.items ?? [];
  const numbers = args.length === 1 && args[0]!.items ? args[0]!.items : args;
  return numbers.map(({ number }) => number ?? Number.NaN);
}

function polynomial(input: string, at: string): number {
  const x = readValue(at)?.number ?? Number.NaN;
  return numbersOf(input).reduce((sum, coefficient, i) => sum + coefficient * x ** i, 0);
}

function digitDistance(input: string): number {
  const [a = '', b = ''] = input.split(',').map((text) => text.trim());
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return Number.NaN;
  const size = Math.max(a.length, b.length);
  const [x, y] = [a.padStart(size, '0'), b.padStart(size, '0')];
  return [...x].reduce((sum, digit, i) => sum + Math.abs(Number(digit) - Number(y[i])), 0);
}

function surfaceArea(input: string): number {
  const [base = Number.NaN, height = Number.NaN] = numbersOf(input);
  return roundHalfEven(base ** 2 + 2 * base * Math.sqrt((base / 2) ** 2 + height ** 2));
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
