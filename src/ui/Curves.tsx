/** The run's numbers over its iterations, as small multiples. */
import { memo, type ReactNode, type Ref, useCallback, useMemo } from 'react';
import { slots } from '../gasp/methods.ts';
import { type RunState, roleMeans, summarizeEvaluation } from '../run/state.ts';
import type { Other } from './compare.tsx';
import { Curve, type Series } from './figures/Curve.tsx';
import { percent, short } from './format.ts';
import { Term } from './Term.tsx';
import './Curves.css';

type AllSeries = ReturnType<typeof seriesOf>;

function seriesOf(state: Pick<RunState, 'iterations' | 'evaluations' | 'settings'>) {
  const finished = state.iterations.filter((iteration) => iteration.counters);
  const roles = (key: 'passRate' | 'reward' | 'accepted'): Series[] =>
    (slots(state.settings).guided > 0 ? (['lemma', 'lift'] as const) : (['unguided'] as const)).map(
      (role) => ({
        name: role,
        className: `of-${role}`,
        points: finished.map((iteration) => ({
          iteration: iteration.iteration,
          value: roleMeans(iteration, role)[key],
        })),
      }),
    );
  const stat = (name: string, key: 'loss' | 'gradNorm' | 'entropy'): Series[] => [
    {
      name,
      points: finished.flatMap((iteration) =>
        iteration.update && iteration.update.stats.steps > 0
          ? [{ iteration: iteration.iteration, value: iteration.update.stats[key] }]
          : [],
      ),
    },
  ];
  const evaluation = (name: string, key: 'solved' | 'meanPassRate'): Series[] => [
    {
      name,
      className: 'of-goalpost',
      points: state.evaluations.map((evaluated) => ({
        iteration: evaluated.iteration,
        value: summarizeEvaluation(evaluated)[key],
      })),
    },
  ];
  return {
    solved: evaluation('solved', 'solved'),
    mean: evaluation('mean pass@1', 'meanPassRate'),
    passRate: roles('passRate'),
    reward: roles('reward'),
    accepted: roles('accepted'),
    loss: stat('loss', 'loss'),
    gradNorm: stat('gradient norm', 'gradNorm'),
    entropy: stat('entropy', 'entropy'),
  };
}

/** A line of the other run, from where the open one begins. */
const asOther = (line: Series, { state, shift }: Other): Series => ({
  ...line,
  name: `${line.name} of ${state.name}`,
  other: true,
  points: line.points
    .map(({ iteration, value }) => ({ iteration: iteration + shift, value }))
    .filter(({ iteration }) => iteration >= 0),
});

interface Figure {
  of: keyof AllSeries;
  title: string;
  heading: ReactNode;
  note: string;
  format: (value: number) => string;
  from?: number;
  to?: number;
}

/** Evaluations come first; what they say depends on the run. */
const evaluated: Figure[] = [
  {
    of: 'solved',
    title: 'Goalposts solved',
    heading: <Term name="solved">Goalposts solved</Term>,
    note: '',
    format: String,
    from: 0,
    to: 1,
  },
  {
    of: 'mean',
    title: 'Mean pass@1 on goalposts',
    heading: <Term name="pass@1">Mean pass@1</Term>,
    note: 'over all goalposts: less noisy than the count',
    format: percent,
    from: 0,
  },
];
const trained: Figure[] = [
  {
    of: 'passRate',
    title: 'Pass rate',
    heading: <Term name="pass rate">Pass rate</Term>,
    note: 'mean over the questions proposed',
    format: percent,
    from: 0,
    to: 1,
  },
  {
    of: 'reward',
    title: "Teacher's reward",
    heading: <Term name="reward">Teacher's reward</Term>,
    note: 'mean over proposals that were tried',
    format: short,
    from: -0.5,
    to: 1,
  },
  {
    of: 'accepted',
    title: 'Accepted',
    heading: <Term name="accepted">Accepted</Term>,
    note: 'questions in their band, an iteration',
    format: short,
    from: 0,
    to: 1,
  },
  {
    of: 'loss',
    title: 'Loss',
    heading: <Term name="loss">Loss</Term>,
    note: 'policy gradient; its level means little',
    format: short,
  },
  {
    of: 'gradNorm',
    title: 'Gradient norm',
    heading: <Term name="gradient norm">Gradient norm</Term>,
    note: 'before clipping',
    format: short,
    from: 0,
  },
  {
    of: 'entropy',
    title: 'Entropy',
    heading: <Term name="entropy">Entropy</Term>,
    note: 'nats a token; near 0 all answers are alike',
    format: short,
    from: 0,
  },
];

export const Curves = memo(function Curves({
  ref,
  state,
  lastIteration,
  other,
  children,
}: {
  ref?: Ref<HTMLElement>;
  state: RunState;
  lastIteration: number;
  /** A second run, drawn dashed. */
  other: Other | null;
  /** Beside the heading. */
  children?: ReactNode;
}) {
  const { evaluations, settings } = state;
  const newest = state.iterations.findLast((iteration) => iteration.counters);
  // What an iteration that is over shows never changes, and it has all before it behind it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `newest` stands for all finished iterations
  const own = useMemo(() => seriesOf(state), [newest, evaluations, settings]);
  const series = useMemo(() => {
    if (!other) return own;
    const theirs = seriesOf(other.state);
    return Object.fromEntries(
      Object.entries(own).map(([key, lines]) => [
        key,
        [...lines, ...theirs[key as keyof AllSeries].map((line) => asOther(line, other))],
      ]),
    ) as unknown as AllSeries;
  }, [own, other]);

  const goalposts = state.goalposts.length;
  const ofGoalposts = useCallback((value: number) => `${value} of ${goalposts}`, [goalposts]);
  const samples = evaluations.at(-1)?.samples ?? settings.evaluateSamples;
  const unevaluated =
    settings.evaluateEvery === 0
      ? 'never tried, by the settings'
      : `first tried at iteration ${settings.evaluateEvery}`;
  return (
    <section ref={ref} className="curves" aria-labelledby="curves-title">
      <div className="section-head">
        <h2 className="eyebrow" id="curves-title">
          Over the run
        </h2>
        {children}
      </div>
      <div className="curves-grid">
        {evaluated.map(({ of, ...figure }) => (
          <Curve
            key={of}
            {...figure}
            {...(of === 'solved' && {
              note: `at least one of ${samples} fresh answers; the first point is the starting model`,
              format: ofGoalposts,
            })}
            empty={unevaluated}
            series={series[of]}
            lastIteration={lastIteration}
          />
        ))}
        {trained.map(({ of, ...figure }) => (
          <Curve key={of} {...figure} series={series[of]} lastIteration={lastIteration} />
        ))}
      </div>
    </section>
  );
});
