/** How methods are told apart: by mark and dash first, by colour too. */
import type { MethodName } from '../gasp/methods.ts';
import { at } from './shapes.ts';

type Shape = 'circle' | 'ring' | 'square' | 'triangle' | 'diamond' | 'cross';

interface Mark {
  /** On light and on dark ground; each 3:1 or better, and unlike the others for colour-blind readers by lightness. */
  light: string;
  dark: string;
  dash: string;
  shape: Shape;
}

/** The hues of goalpost, lemma and lift are not among them: those mean something else. */
export const MARKS: readonly Mark[] = [
  { light: '#76746c', dark: '#98968f', dash: '2 3', shape: 'ring' },
  { light: '#0b66b0', dark: '#6db5ee', dash: '6 3', shape: 'square' },
  { light: '#a8327d', dark: '#ea9ccb', dash: '1.5 2.5', shape: 'triangle' },
  { light: '#1c1c1a', dark: '#f4f2ea', dash: '', shape: 'circle' },
  { light: '#3f7a16', dark: '#9bcb62', dash: '9 3 2 3', shape: 'diamond' },
  { light: '#8a4a22', dark: '#d9a27a', dash: '4 2', shape: 'cross' },
  { light: '#5c6bc0', dark: '#b3bdf5', dash: '8 2', shape: 'ring' },
  { light: '#8f7a00', dark: '#d8c65a', dash: '3 2 1 2', shape: 'square' },
  { light: '#5b2a86', dark: '#c79bf0', dash: '5 2 1 2 1 2', shape: 'triangle' },
  { light: '#00796b', dark: '#7fd1c4', dash: '10 4', shape: 'cross' },
];
const OWN: Partial<Record<MethodName, number>> = { base: 0, azr: 1, real: 2, gasp: 3, 'gasp+real': 4 };

/** A mark for each label: the systems keep theirs in every figure, others take what is left. */
export function marksFor(labels: readonly string[]): Map<string, number> {
  const taken = new Set(labels.flatMap((label) => OWN[label as MethodName] ?? []));
  const free = MARKS.map((_, i) => i).filter((i) => !taken.has(i));
  let next = 0;
  return new Map(labels.map((label) => [label, OWN[label as MethodName] ?? free[next++ % free.length] ?? 0]));
}

/** A mark of about `r` around a point; colour comes from the class. */
export function MarkAt({ mark, x, y, r = 3.2 }: { mark: number; x: number; y: number; r?: number }) {
  const full = `mark m${mark}`;
  const hollow = `mark is-hollow m${mark}`;
  const points = (list: [number, number][]) =>
    list.map(([dx, dy]) => `${at(x + dx * r)},${at(y + dy * r)}`).join(' ');
  switch (MARKS[mark]!.shape) {
    case 'circle':
      return <circle className={full} cx={at(x)} cy={at(y)} r={r} />;
    case 'ring':
      return <circle className={hollow} cx={at(x)} cy={at(y)} r={r} />;
    case 'square':
      return (
        <rect className={full} x={at(x - r * 0.9)} y={at(y - r * 0.9)} width={r * 1.8} height={r * 1.8} />
      );
    case 'triangle':
      return (
        <polygon
          className={full}
          points={points([
            [0, -1.2],
            [1.15, 0.9],
            [-1.15, 0.9],
          ])}
        />
      );
    case 'diamond':
      return (
        <polygon
          className={full}
          points={points([
            [0, -1.3],
            [1.3, 0],
            [0, 1.3],
            [-1.3, 0],
          ])}
        />
      );
    case 'cross': {
      const [left, right, top, bottom] = [at(x - r), at(x + r), at(y - r), at(y + r)];
      return (
        <path className={hollow} d={`M${left} ${top}L${right} ${bottom}M${right} ${top}L${left} ${bottom}`} />
      );
    }
  }
}

/** The dash pattern of a method's lines; undefined: solid. */
export const dashOf = (mark: number): string | undefined => MARKS[mark]!.dash || undefined;
