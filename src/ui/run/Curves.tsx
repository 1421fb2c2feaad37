/** The run's numbers over its iterations, as small multiples. */
import { type ComponentProps, memo, type ReactNode, type Ref, useCallback, useMemo } from 'react';
import { expectedSolved, log10, summarizeDistances } from '../../gasp/distance.ts';
import { slots } from '../../gasp/methods.ts';
import { OWN_SERIES, RUN_SERIES, type RunSeries } from '../../run/series.ts';
import { unseenRate } from '../../run/gains.ts';
import { goalpostStates, type RunState, summarizeEvaluation } from '../../run/state.ts';
import type { Other } from '../store/secondRun.ts';
import { Curve, type Series } from '../../figures/Curve.tsx';
import { FigureTools } from '../figures/FigureTools.tsx';
import { columnsFor } from '../figures/climbLayout.ts';
import { type Ancestor, pastLength } from '../store/lineage.ts';
import { percent, short } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import { ComparePicker } from './ComparePicker.tsx';
import { useShown } from './ShownRun.tsx';
import './Curves.css';

type AllSeries = ReturnType<typeof seriesOf>;
type SeriesName = keyof typeof RUN_SERIES | keyof typeof OWN_SERIES;

function seriesOf(state: RunState) {
  const finished = state.iterations.filter((iteration) => iteration.counters);
  const line = (name: string, of: SeriesName, className?: string): Series => {
    const { value }: RunSeries = { ...RUN_SERIES, ...OWN_SERIES }[of];
    const points = finished.flatMap((iteration) => {
      const here = value(iteration);
      return here === undefined ? [] : [{ iteration: iteration.iteration, value: here }];
    });
    return { name, points, ...(className && { className }) };
  };
  const roles = (key: 'pass rate' | 'reward' | 'accepted'): Series[] =>
    (slots(state.settings).guided > 0 ? (['lemma', 'lift'] as const) : (['unguided'] as const)).map((role) =>
      line(role, `${key}, ${role}`, `of-${role}`),
    );
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
  const scored = state.evaluations.filter(({ logprobs }) => logprobs);
  const expected: Series = {
    name: 'expected',
    points: scored.map(({ iteration, samples, passed, logprobs }) => ({
      iteration,
      value: expectedSolved(
        Object.fromEntries(Object.entries(logprobs!).filter(([id]) => id in passed)),
        samples,
      ),
    })),
  };
  const distance: Series[] = [
    {
      name: 'mean',
      className: 'of-goalpost',
      points: scored.map(({ iteration, logprobs }) => ({
        iteration,
        value: summarizeDistances(logprobs!).meanLog10,
      })),
    },
    ...goalpostStates(state).map(({ question, distances }): Series => {
      const points = distances.map(({ iteration, logprob }) => ({ iteration, value: log10(logprob) }));
      return { name: `${question.id}: ${question.title}`, className: 'of-goalpost', as: 'part', points };
    }),
  ];
  const unseen: Series = {
    name: 'right',
    points: (state.validations ?? []).map((tried) => ({
      iteration: tried.iteration,
      value: unseenRate(tried).rate,
    })),
  };
  return {
    unseen: unseen.points.length > 0 ? [unseen] : [],
    solved: [...evaluation('solved', 'solved'), ...(scored.length > 0 ? [expected] : [])],
    distance: scored.length > 0 ? distance.filter(({ points }) => points.length > 0) : [],
    mean: evaluation('mean pass@1', 'meanPassRate'),
    passRate: roles('pass rate'),
    reward: roles('reward'),
    accepted: roles('accepted'),
    loss: [line('loss', 'loss')],
    gradNorm: [line('gradient norm', 'gradNorm')],
    entropy: [line('entropy', 'entropy')],
  };
}

/** Of another run the mean is enough. */
const whole = ({ as }: Series) => as !== 'part';

/** A line of another run, where it stands beside the open one, from `first` on. */
const moved = (line: Series, of: string, shift: number, first: number): Series => ({
  ...line,
  of,
  points: line.points
    .map(({ iteration, value }) => ({ iteration: iteration + shift, value }))
    .filter(({ iteration }) => iteration >= first),
});

const decimals = (value: number) => value.toFixed(1).replace('-', '−');

interface Figure {
  of: keyof AllSeries;
  title: string;
  heading: ReactNode;
  note: string;
  format: (value: number) => string;
  from?: number;
  to?: number;
}

/** Evaluations come first; their note depends on the run. */
const evaluated: Figure[] = [
  {
    of: 'unseen',
    title: 'Right on unseen questions',
    heading: <Term name="unseen questions">Unseen questions</Term>,
    note: 'share of right answers to questions that nothing trains on; the first point is before training',
    format: percent,
    from: 0,
  },
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
    of: 'distance',
    title: 'Distance of the goalposts',
    heading: <Term name="distance">Distance</Term>,
    note: 'log₁₀ of the probability of the goalposts’ own programs: the mean, and each of them; up is nearer',
    format: decimals,
    to: 0,
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
    note: OWN_SERIES['accepted, lemma'].note,
    format: short,
    from: 0,
    to: 1,
  },
  {
    of: 'loss',
    title: OWN_SERIES.loss.title,
    heading: <Term name="loss">Loss</Term>,
    note: OWN_SERIES.loss.note,
    format: short,
  },
  {
    of: 'gradNorm',
    title: RUN_SERIES.gradNorm.title,
    heading: <Term name="gradient norm">Gradient norm</Term>,
    note: RUN_SERIES.gradNorm.note,
    format: short,
    from: 0,
  },
  {
    of: 'entropy',
    title: RUN_SERIES.entropy.title,
    heading: <Term name="entropy">Entropy</Term>,
    note: RUN_SERIES.entropy.note,
    format: short,
    from: 0,
  },
];

const tools: ComponentProps<typeof Curve>['tools'] = (title, figure, table) => (
  <FigureTools title={title} figure={figure} table={table} />
);

/** Iterations that the axis has room for at least where a past stands before them. */
const fewest = 12;

/** Nothing before the first iteration. */
export function Curves() {
  const { time, curves, lastIteration, span, past, other } = useShown();
  if (!curves || lastIteration === 0) return null;
  return <Grid ref={time.watch.curves} state={curves} lastIteration={span} past={past} other={other} />;
}

const Grid = memo(function Grid({
  ref,
  state,
  lastIteration,
  past,
  other,
}: {
  ref: Ref<HTMLElement>;
  state: RunState;
  lastIteration: number;
  /** The runs that it goes back to, nearest first: drawn pale, before its start. */
  past: readonly Ancestor[];
  /** A second run, drawn dashed. */
  other: Other | null;
}) {
  const { evaluations, validations, settings } = state;
  const newest = state.iterations.findLast((iteration) => iteration.counters);
  // The numbers of a finished iteration never change: the newest one stands for all of them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `newest` stands for all finished iterations
  const own = useMemo(() => seriesOf(state), [newest, evaluations, validations, settings]);
  // As on the climb: no more of the past than there is room for the run itself.
  const first = -Math.min(pastLength(past), columnsFor(lastIteration, fewest));
  const series = useMemo(() => {
    const before = past.map(({ state, shift }) => ({ state, shift, lines: seriesOf(state) }));
    const theirs = other && seriesOf(other.state);
    // The part that the other run shares with the past of this one is drawn as the past.
    const common = past.find(({ state }) => state.run === other?.state.run);
    const from = common ? common.upTo + common.shift : first;
    return Object.fromEntries(
      Object.entries(own).map(([name, lines]) => {
        const key = name as keyof AllSeries;
        const pasts = before.flatMap(({ state, shift, lines }) =>
          lines[key]
            .filter(whole)
            .map((line) => ({ ...moved(line, state.name, shift, first), as: 'past' as const })),
        );
        const others =
          theirs?.[key].filter(whole).map((line) => ({
            ...moved(line, other!.state.name, other!.shift, from),
            as: 'other' as const,
          })) ?? [];
        return [key, [...lines, ...pasts.filter(({ points }) => points.length > 0), ...others]];
      }),
    ) as unknown as AllSeries;
  }, [own, past, other, first]);
  const nameOf = useCallback(
    (iteration: number) => {
      if (iteration >= 0) return String(iteration);
      const whose = past.find(({ shift }) => iteration > shift) ?? past.at(-1);
      return whose ? `${iteration - whose.shift} of ${whose.state.name}` : '';
    },
    [past],
  );

  const goalposts = state.goalposts.length;
  const ofGoalposts = useCallback(
    (value: number) => `${Number(value.toFixed(1))} of ${goalposts}`,
    [goalposts],
  );
  const samples = evaluations.at(-1)?.samples ?? settings.evaluateSamples;
  const unvalidated = settings.validateEvery === 0 ? 'never tried, by the settings' : 'none in this run';
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
        <ComparePicker />
      </div>
      <div className="curves-grid">
        {evaluated.map(({ of, ...figure }) => (
          <Curve
            key={of}
            {...figure}
            {...(of === 'solved' && {
              note: `at least one of ${samples} fresh answers; the first point is the starting model. Expected: at least, by the distances`,
              format: ofGoalposts,
            })}
            empty={of === 'unseen' ? unvalidated : unevaluated}
            series={series[of]}
            first={first}
            nameOf={nameOf}
            tools={tools}
            lastIteration={lastIteration}
          />
        ))}
        {trained.map(({ of, ...figure }) => (
          <Curve
            key={of}
            {...figure}
            series={series[of]}
            first={first}
            nameOf={nameOf}
            tools={tools}
            lastIteration={lastIteration}
          />
        ))}
      </div>
    </section>
  );
});
