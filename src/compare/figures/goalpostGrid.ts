/** Fig. 5 of the paper: goalposts (rows) by checkpoints (columns), for every run. */
import { passesOf } from '../../gasp/measuring.ts';
import type { RunDigest, Tried } from '../digest.ts';
import { byLabel } from '../summary.ts';
import { marksFor } from './marks.ts';
import { at, drawing, type Figure, type SvgNode, svg } from './svg.ts';

const cell = 6;
const gap = 5;
const top = 40;
const side = 8;

interface Column {
  label: string;
  seed: number;
  tried: Tried;
}

/** Undefined where nothing was tried, or none solved. Goalposts that no run solves at any checkpoint are counted, not drawn. */
export function goalpostGrid(runs: readonly RunDigest[]): Figure | undefined {
  const blocks = [...byLabel(runs)].map(([label, own]) => ({
    label,
    runs: own.map((run): Column[] => columns(run).map((tried) => ({ label, seed: run.seed, tried }))),
  }));
  const all = blocks.flatMap((block) => block.runs.flat());
  if (all.length === 0) return undefined;
  // Fewer answers on the way than at the end would make progress out of nothing: the first so many count.
  const samples = Math.min(...all.map(({ tried }) => tried.samples));
  const solved = ({ tried }: Column, id: string) => passesOf(tried.answers[id] ?? '', samples) > 0;
  const titles = new Map(runs.flatMap((run) => run.goalposts.map(({ id, title }) => [id, title])));
  const tried = [...new Set(all.flatMap((column) => Object.keys(column.tried.answers)))];
  const rows = tried
    .map((id) => ({ id, count: all.filter((column) => solved(column, id)).length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
  if (rows.length === 0) return undefined;
  const marks = marksFor(blocks.map(({ label }) => label));
  const parts: SvgNode[] = [];
  let x = side;
  const height = top + rows.length * (cell + 1) + 20;
  for (const block of blocks) {
    const from = x;
    for (const own of block.runs) {
      for (const column of own) {
        let misses = '';
        rows.forEach(({ id }, row) => {
          const y = top + row * (cell + 1);
          if (!solved(column, id)) {
            misses += `M${at(x + 2)} ${y + 2}h2v2h-2z`;
            return;
          }
          const passed = passesOf(column.tried.answers[id] ?? '', samples);
          const name = `${titles.get(id) ?? id}: ${passed} of ${samples}, iteration ${column.tried.iteration}`;
          parts.push(
            svg(
              'rect',
              { class: `bar m${marks.get(block.label)}`, x: at(x), y, width: cell, height: cell },
              svg('title', {}, name),
            ),
          );
        });
        parts.push(svg('path', { class: 'miss', d: misses }));
        x += cell + 1;
      }
      x += gap;
    }
    const width = Math.max(x - from - gap, Math.max(8, block.label.length) * 6.6);
    parts.push(
      svg('text', { class: `name m${marks.get(block.label)}`, x: at(from), y: 16 }, block.label),
      svg(
        'text',
        { x: at(from), y: 31 },
        `${block.runs.length} ${block.runs.length === 1 ? 'seed' : 'seeds'}`,
      ),
      svg('line', { class: 'rule', x1: at(from), x2: at(from + width), y1: 35.5, y2: 35.5 }),
    );
    x = from + width + 2 * gap;
  }
  const left = tried.length - rows.length;
  const title = 'Goalposts by checkpoints';
  return {
    id: 'goalposts-by-checkpoints',
    title,
    caption: `The first ${samples} answers at each checkpoint count. Left out: ${left} of ${tried.length} goalposts, which no run solves at any of them.`,
    node: drawing(
      {
        width: Math.max(360, Math.ceil(x)),
        height,
        title,
        about: `${rows.length} of ${tried.length} goalposts are solved by some run at some checkpoint`,
      },
      ...parts,
    ),
    table: [
      ['goalpost', 'title', 'method', 'seed', 'iteration', 'right answers', 'answers'],
      ...all.flatMap(({ label, seed, tried: { iteration, answers, samples: n } }) =>
        rows.map(({ id }) => [
          id,
          titles.get(id) ?? '',
          label,
          seed,
          iteration,
          passesOf(answers[id] ?? ''),
          n,
        ]),
      ),
    ],
  };
}

/** A run's trials by iteration, one each. */
function columns(run: RunDigest): Tried[] {
  const byIteration = new Map<number, Tried>();
  for (const tried of run.tries) {
    const known = byIteration.get(tried.iteration);
    if (!known || known.samples < tried.samples) byIteration.set(tried.iteration, tried);
  }
  return [...byIteration.values()].sort((a, b) => a.iteration - b.iteration);
}
