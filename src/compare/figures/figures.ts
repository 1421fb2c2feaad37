/** The figures of a comparison, in the order in which they are read. */
import type { Comparison } from '../comparison.ts';
import { type RunDigest, seriesNames } from '../digest.ts';
import { byLabel, type Spread } from '../summary.ts';
import { goalpostGrid } from './goalpostGrid.ts';
import { type Line, lineChart } from './lineChart.ts';
import { marksFor } from './marks.ts';
import { rewardFigures } from './rewards.ts';
import { seriesLines } from './seriesLines.ts';
import { solvedBars } from './solvedBars.ts';
import type { Figure } from './svg.ts';

export interface FigureGroup {
  title: string;
  note: string;
  figures: Figure[];
}

const percent = (value: number) => `${Math.round(100 * value)}%`;

export function comparisonFigures(comparison: Comparison, runs: readonly RunDigest[]): FigureGroup[] {
  const labels = [...byLabel(runs).keys()];
  const marks = marksFor(labels);
  const curves = (split: 'heldout' | 'goalposts', id: string, title: string, caption: string): Figure => {
    const of = (label: string) => comparison.methods[label]?.[split];
    const lines = labels.map(
      (label): Line => ({
        label,
        mark: marks.get(label)!,
        points: Object.entries(of(label)?.pass ?? {}).map(([k, { mean, sd }]) => ({
          x: Number(k),
          y: mean,
          sd,
        })),
      }),
    );
    const ks = [...new Set(lines.flatMap((line) => line.points.map((p) => p.x)))].sort((a, b) => a - b);
    return {
      id,
      title,
      caption: `${caption} ${samplesNote(labels.map((label) => of(label)?.n ?? 0))}`,
      node: lineChart({
        title,
        lines,
        x: { title: 'k', log: true, ticks: ks },
        y: {
          format: (v) => (v !== 0 && Math.abs(v) < 0.05 ? `${(100 * v).toFixed(1)}%` : percent(v)),
          from: 0,
        },
      }),
      table: passTable(labels, (label) => of(label)?.pass ?? {}),
    };
  };
  const grid = goalpostGrid(runs);
  const groups: FigureGroup[] = [
    {
      title: 'What was learned',
      note: 'Lines are means over seeds, shades one standard deviation of the seeds to either side.',
      figures: [
        curves(
          'heldout',
          'pass-at-k-heldout',
          'Pass@k on held-out questions',
          'Questions that nobody trains on, at the end of each run.',
        ),
        curves(
          'goalposts',
          'pass-at-k-goalposts',
          'Pass@k on the goalposts',
          'Mining picks unlucky questions too: read each line against the base model’s.',
        ),
        solvedBars(comparison, runs, marks),
      ],
    },
    {
      title: 'Goalposts by checkpoints',
      note: 'From left to right the run goes on; a square is a goalpost with at least one right answer at that checkpoint.',
      figures: grid ? [grid] : [],
    },
    {
      title: 'What the teacher was paid',
      note: 'The two reward curves of the paper and AZR’s, with the proposals of the runs on them; the larger the spot, the more there are.',
      figures: rewardFigures(runs),
    },
    {
      title: 'Over the runs',
      note: 'Against tokens sampled plus trained, smoothed over a thirtieth of the way.',
      figures: Object.keys(seriesNames).flatMap((name) => {
        const lines = seriesLines(runs, name, marks);
        if (lines.length === 0) return [];
        const { title, note, share } = seriesNames[name]!;
        return {
          id: name.replaceAll(/[^A-Za-z0-9]+/g, '-'),
          title,
          caption: `${note.charAt(0).toUpperCase()}${note.slice(1)}.`,
          node: lineChart({
            title,
            lines,
            x: { title: 'tokens', format: tokens },
            y: share
              ? { format: percent, from: 0, to: 1 }
              : { format: (v) => String(Number(v.toPrecision(2))).replace('-', '−') },
          }),
          table: [
            ['method', 'tokens', 'mean', 'sd'],
            ...lines.flatMap(({ label, points }) => points.map((p) => [label, Math.round(p.x), p.y, p.sd])),
          ],
        };
      }),
    },
  ];
  // A table with nothing but its head is a figure with nothing in it.
  return groups
    .map((group) => ({ ...group, figures: group.figures.filter(({ table }) => table.length > 1) }))
    .filter((group) => group.figures.length > 0);
}

/** 1,500 as "1.5 k". */
function tokens(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(2))} M`;
  return value >= 1e3 ? `${Number((value / 1e3).toFixed(1))} k` : String(value);
}

function samplesNote(samples: readonly number[]): string {
  const different = [...new Set(samples)].filter((n) => n > 0);
  return different.length === 0 ? '' : `${different.join(' or ')} answers to each.`;
}

function passTable(
  labels: readonly string[],
  pass: (label: string) => Record<string, Spread>,
): Figure['table'] {
  return [
    ['method', 'k', 'mean', 'sd'],
    ...labels.flatMap((label) =>
      Object.entries(pass(label)).map(([k, { mean, sd }]) => [label, Number(k), mean, sd]),
    ),
  ];
}
