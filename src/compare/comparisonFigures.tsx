/** The figures of a comparison, in the order in which they are read. */
import type { Figure, FigureTable } from '../figures/figure.ts';
import { GoalpostGrid } from '../figures/GoalpostGrid.tsx';
import { type Line, LineChart } from '../figures/LineChart.tsx';
import { marksFor } from '../figures/marks.tsx';
import { RewardChart, spotsOf } from '../figures/RewardCurve.tsx';
import { SolvedBars } from '../figures/SolvedBars.tsx';
import { inBand } from '../gasp/rewards.ts';
import { RUN_SERIES, type RunSeries } from '../run/series.ts';
import type { Comparison } from './comparison.ts';
import type { RunDigest } from './digest.ts';
import { goalpostTrials } from './goalpostTrials.ts';
import { seriesLines } from './seriesLines.ts';
import { byLabel, type Spread } from './summary.ts';
import { unseenLines } from './unseenRates.ts';

export interface FigureGroup {
  title: string;
  note: string;
  figures: Figure[];
}

const percent = (value: number) => `${Math.round(100 * value)}%`;

/** Points that a line over the run is smoothed to. */
export const BINS = { none: 240, some: 30, much: 10 } as const;
export type Smoothing = keyof typeof BINS;

export function comparisonFigures(
  comparison: Comparison,
  runs: readonly RunDigest[],
  smoothing: Smoothing = 'some',
): FigureGroup[] {
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
      drawing: (
        <LineChart
          title={title}
          lines={lines}
          x={{ title: 'k', log: true, ticks: ks }}
          y={{
            format: (v) => (v !== 0 && Math.abs(v) < 0.05 ? `${(100 * v).toFixed(1)}%` : percent(v)),
            from: 0,
          }}
        />
      ),
      table: passTable(labels, (label) => of(label)?.pass ?? {}),
    };
  };
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
        unseenFigure(runs, marks),
        goalpostsSolved(comparison, labels, marks),
        goalpostDistances(runs, marks),
      ],
    },
    {
      title: 'Goalposts by checkpoints',
      note: 'From left to right the run goes on; a square is a goalpost with at least one right answer at that checkpoint.',
      figures: goalpostsByCheckpoints(runs),
    },
    {
      title: 'What the teacher was paid',
      note: 'The two reward curves of the paper and AZR’s, with the proposals of the runs on them; the larger the spot, the more there are.',
      figures: rewardFigures(runs),
    },
    {
      title: 'Over the runs',
      note:
        smoothing === 'none'
          ? 'Against tokens sampled plus trained, iteration by iteration.'
          : `Against tokens sampled plus trained, each point the mean over a ${smoothing === 'some' ? 'thirtieth' : 'tenth'} of the way; faint, iteration by iteration.`,
      figures: Object.entries<RunSeries>(RUN_SERIES).flatMap(([name, { title, note, share }]) => {
        const lines = seriesLines(runs, name, marks, BINS[smoothing]);
        if (lines.length === 0) return [];
        return {
          id: name.replaceAll(/[^A-Za-z0-9]+/g, '-'),
          title,
          caption: `${note.charAt(0).toUpperCase()}${note.slice(1)}.`,
          drawing: (
            <LineChart
              title={title}
              lines={lines}
              faint={smoothing === 'none' ? [] : seriesLines(runs, name, marks, BINS.none)}
              x={{ title: 'tokens', format: tokens }}
              y={
                share
                  ? { format: percent, from: 0, to: 1 }
                  : { format: (v) => String(Number(v.toPrecision(2))).replace('-', '−') }
              }
            />
          ),
          table: linesTable(lines, 'mean', 'sd'),
        };
      }),
    },
  ];
  // A figure without numbers has nothing in it.
  return groups
    .map((group) => ({ ...group, figures: group.figures.filter(({ table }) => table.rows.length > 0) }))
    .filter((group) => group.figures.length > 0);
}

/** Lines over tokens as numbers. */
function linesTable(lines: readonly Line[], value: string, spread: string): FigureTable {
  return {
    columns: ['method', 'tokens', value, spread],
    rows: lines.flatMap(({ label, points }) => points.map((p) => [label, Math.round(p.x), p.y, p.sd])),
  };
}

function unseenFigure(runs: readonly RunDigest[], marks: ReadonlyMap<string, number>): Figure {
  const title = 'Right on unseen questions';
  const lines = unseenLines(runs, marks);
  return {
    id: 'unseen-questions',
    title,
    caption:
      'Questions that nothing trains on, tried in the course of the runs. Shades: half of the 95% interval of the answers to either side, of several runs one standard deviation.',
    drawing: (
      <LineChart
        title={title}
        lines={lines}
        x={{ title: 'tokens', format: tokens }}
        y={{ format: percent, from: 0 }}
      />
    ),
    table: linesTable(lines, 'share', 'shade'),
  };
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

function passTable(labels: readonly string[], pass: (label: string) => Record<string, Spread>): FigureTable {
  return {
    columns: ['method', 'k', 'mean', 'sd'],
    rows: labels.flatMap((label) =>
      Object.entries(pass(label)).map(([k, { mean, sd }]) => [label, Number(k), mean, sd]),
    ),
  };
}

function goalpostsSolved(
  comparison: Comparison,
  labels: readonly string[],
  marks: ReadonlyMap<string, number>,
): Figure {
  const rows = labels
    .map((label) => {
      const {
        total,
        solved,
        solved_only_here: alone,
        by_seed: bySeed,
        not_parts: notParts,
        never_proposed: neverProposed,
        reference,
      } = comparison.methods[label]!.goalposts;
      const beside = [notParts.solved, notParts.total, neverProposed.solved, neverProposed.total];
      const distance = reference?.log10.mean ?? Number.NaN;
      return { label, mark: marks.get(label)!, total, solved, alone, bySeed, beside, distance };
    })
    .filter(({ total }) => total > 0);
  const title = 'Goalposts solved';
  return {
    id: 'goalposts-solved',
    title,
    caption:
      'Bar: solved in some seed; its full part: by no other method compared in any seed (methods that contain it aside). Marks: each seed alone.',
    drawing: <SolvedBars title={title} rows={rows} />,
    table: {
      columns: [
        ...['method', 'solved in some seed', 'by it alone', 'goalposts', 'by seed'],
        ...['solved, no parts', 'no parts', 'solved, never proposed', 'never proposed', 'mean log10 p'],
      ],
      rows: rows.map((row) => [
        ...[row.label, row.solved, row.alone, row.total, row.bySeed.join(' ')],
        ...[...row.beside, row.distance],
      ]),
    },
  };
}

function goalpostDistances(runs: readonly RunDigest[], marks: ReadonlyMap<string, number>): Figure {
  const title = 'Distance of the goalposts';
  const lines = seriesLines(runs, 'distance', marks, BINS.some);
  return {
    id: 'goalpost-distance',
    title,
    caption:
      'Mean log₁₀ of the probability that the student answers a goalpost with its own program: 0 is certain, and a step of one is ten times as likely. No luck in it, and a lower bound, since other programs are right too.',
    drawing: (
      <LineChart
        title={title}
        lines={lines}
        x={{ title: 'tokens', format: tokens }}
        y={{ format: (v) => v.toFixed(1).replace('-', '−') }}
      />
    ),
    table: linesTable(lines, 'mean log10 p', 'sd'),
  };
}

/** Goalposts that no run solves at any checkpoint are counted, not drawn. */
function goalpostsByCheckpoints(runs: readonly RunDigest[]): Figure[] {
  const trials = goalpostTrials(runs);
  if (!trials) return [];
  const { samples, tried, rows, blocks, table } = trials;
  const title = 'Goalposts by checkpoints';
  return [
    {
      id: 'goalposts-by-checkpoints',
      title,
      caption: `The first ${samples} answers at each checkpoint count. Left out: ${tried - rows.length} of ${tried} goalposts, which no run solves at any of them.`,
      drawing: (
        <GoalpostGrid
          title={title}
          about={`${rows.length} of ${tried} goalposts are solved by some run at some checkpoint`}
          rows={rows}
          blocks={blocks}
          samples={samples}
        />
      ),
      wide: true,
      table: {
        columns: [
          ...['goalpost', 'title', 'method', 'seed', 'iteration'],
          ...['right answers', 'answers', 'log10 p of its reference'],
        ],
        rows: table,
      },
    },
  ];
}

/** One figure for each role that any run proposes in. */
function rewardFigures(runs: readonly RunDigest[]): Figure[] {
  const titles = {
    lemma: 'Reward of lemmas',
    lift: 'Reward of lifts',
    unguided: 'Reward of unguided questions',
  };
  return (['lemma', 'lift', 'unguided'] as const).flatMap((role) => {
    const proposals = runs.flatMap((run) => run.proposals.filter((proposal) => proposal.role === role));
    if (proposals.length === 0) return [];
    const title = titles[role];
    const inside = proposals.filter(({ passRate }) => inBand(role, passRate)).length;
    return {
      id: `reward-curve-${role}`,
      title,
      caption: `${proposals.length} proposals that were tried, ${Math.round((100 * inside) / proposals.length)}% of them in the band.`,
      drawing: (
        <RewardChart
          title={title}
          about={`${proposals.length} proposals, ${inside} of them in the band`}
          role={role}
          proposals={proposals}
        />
      ),
      table: {
        columns: ['pass rate', 'reward', 'proposals'],
        rows: spotsOf(proposals).map(({ passRate, reward, count }) => [passRate, reward, count]),
      },
    };
  });
}
