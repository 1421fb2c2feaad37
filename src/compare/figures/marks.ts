/** How methods are told apart: by mark and dash first, by colour too. */
import type { MethodName } from '../../gasp/methods.ts';
import { at, type SvgNode, svg } from './svg.ts';

type Shape = 'circle' | 'ring' | 'square' | 'triangle' | 'diamond' | 'cross';

interface Mark {
  /** On light and on dark ground; each 3:1 or better, and unlike the others for colour-blind readers by lightness. */
  light: string;
  dark: string;
  dash: string;
  shape: Shape;
}

/** The hues of goalpost, lemma and lift are not among them: those mean something else. */
const MARKS: readonly Mark[] = [
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
export function markAt(mark: number, x: number, y: number, r = 3.2): SvgNode {
  const { shape } = MARKS[mark]!;
  const common = { class: `mark m${mark}` };
  const points = (list: [number, number][]) =>
    list.map(([dx, dy]) => `${at(x + dx)},${at(y + dy)}`).join(' ');
  switch (shape) {
    case 'circle':
      return svg('circle', { ...common, cx: at(x), cy: at(y), r });
    case 'ring':
      return svg('circle', { class: `mark is-hollow m${mark}`, cx: at(x), cy: at(y), r });
    case 'square':
      return svg('rect', {
        ...common,
        x: at(x - r * 0.9),
        y: at(y - r * 0.9),
        width: r * 1.8,
        height: r * 1.8,
      });
    case 'triangle':
      return svg('polygon', {
        ...common,
        points: points([
          [0, -r * 1.2],
          [r * 1.15, r * 0.9],
          [-r * 1.15, r * 0.9],
        ]),
      });
    case 'diamond':
      return svg('polygon', {
        ...common,
        points: points([
          [0, -r * 1.3],
          [r * 1.3, 0],
          [0, r * 1.3],
          [-r * 1.3, 0],
        ]),
      });
    case 'cross':
      return svg('path', {
        class: `mark is-hollow m${mark}`,
        d: `M${at(x - r)} ${at(y - r)}L${at(x + r)} ${at(y + r)}M${at(x + r)} ${at(y - r)}L${at(x - r)} ${at(y + r)}`,
      });
  }
}

export const dashOf = (mark: number): Record<string, string> =>
  MARKS[mark]!.dash === '' ? {} : { 'stroke-dasharray': MARKS[mark]!.dash };

const light = MARKS.map((mark, i) => `.figure .m${i},.m${i}{--c:${mark.light}}`).join('\n');
const dark = MARKS.map((mark, i) => `.figure .m${i},.m${i}{--c:${mark.dark}}`).join('\n');

/** The style of every figure; colours follow the system. */
export const figureStyle = `
.figure{--f-ink:#1c1c1a;--f-soft:#55534c;--f-rule:#dcd9cf;--f-paper:#faf9f5;--f-lemma:#00706a;--f-lift:#4d47bd;--f-unguided:#55534c;--f-goalpost:#955300}
${light}
.figure{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums;background:none}
.figure text{fill:var(--f-soft)}
.figure .strong{fill:var(--f-ink);font-weight:600}
.figure .rule{stroke:var(--f-rule);fill:none}
.figure .line{stroke:var(--c);fill:none;stroke-width:1.8;stroke-linejoin:round}
.figure .band{fill:var(--c);opacity:.14}
.figure .bar{fill:var(--c)}
.figure .bar.is-soft{opacity:.35}
.figure .mark{fill:var(--c);stroke:none}
.figure .mark.is-hollow{fill:none;stroke:var(--c);stroke-width:1.6}
.figure .name{fill:var(--c);font-weight:600}
.figure .lemma{--c:var(--f-lemma)}
.figure .lift{--c:var(--f-lift)}
.figure .unguided{--c:var(--f-unguided)}
.figure .spot{fill:var(--c);fill-opacity:.45;stroke:var(--c)}
.figure .miss{fill:var(--f-rule)}
@media (prefers-color-scheme:dark){
.figure{--f-ink:#eceae3;--f-soft:#b4b2aa;--f-rule:#33353e;--f-paper:#131419;--f-lemma:#52c4b6;--f-lift:#a8a4ff;--f-unguided:#b4b2aa;--f-goalpost:#e3a955}
${dark}
}`.trim();
