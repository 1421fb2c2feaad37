/**
 * The unbiased estimate of the chance that at least one of k answers is right, from n >= k answers of
 * which `passed` were: `1 - C(n-c, k) / C(n, k)` (Chen et al. 2021, arXiv 2107.03374).
 */
export function passAtK(samples: number, passed: number, k: number): number {
  if (!(k >= 1 && k <= samples)) {
    throw new RangeError(`pass@${k} needs at least ${k} samples; there are ${samples}.`);
  }
  if (!(passed >= 0 && passed <= samples)) {
    throw new RangeError(`${passed} right answers out of ${samples} samples.`);
  }
  // The ratio of binomials as a product of factors in [0, 1]: no factorial, no overflow. It runs over
  // the shorter of its two forms.
  let none = 1;
  if (passed <= k) {
    for (let i = samples - passed + 1; i <= samples; i++) none *= Math.max(0, 1 - k / i);
  } else {
    for (let i = samples - k + 1; i <= samples; i++) none *= Math.max(0, 1 - passed / i);
  }
  return 1 - none;
}

/** Mean of pass@k over questions, each tried with `samples` answers; 0 for no questions. */
export function meanPassAtK(samples: number, passed: readonly number[], k: number): number {
  if (passed.length === 0) return 0;
  return passed.reduce((sum, c) => sum + passAtK(samples, c, k), 0) / passed.length;
}

/** Wilson's interval of a share, `passed` of `samples`, at 95 % (E. B. Wilson, JASA 22, 1927). [0, 1] without samples. */
export function wilson(passed: number, samples: number): [low: number, high: number] {
  if (samples === 0) return [0, 1];
  const z = 1.959964;
  const share = passed / samples;
  const scale = 1 + z ** 2 / samples;
  const middle = (share + z ** 2 / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / samples + z ** 2 / (4 * samples ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
