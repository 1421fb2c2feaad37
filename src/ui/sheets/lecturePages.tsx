/** Pages of the lecture that are about the whole run: its climb, what got better, two runs side by side. */
import type { ReactNode } from 'react';
import { Curve, type Series } from '../../figures/Curve.tsx';
import { change, type Rate, unseenGain, unseenRate } from '../../run/gains.ts';
import { points, tenths, trend } from '../../run/gainWords.ts';
import {
  currentCounters,
  finishedIterations,
  flagsDown,
  type RunState,
  summarizeEvaluation,
} from '../../run/state.ts';
import { Climb } from '../figures/Climb.tsx';
import { count, percent } from '../parts/format.ts';
import type { Ancestor } from '../store/lineage.ts';
import type { Other } from '../store/secondRun.ts';

export interface WholeRunPage {
  name: string;
  hue: 'update';
  content: ReactNode;
}

interface Whole {
  state: RunState;
  past: readonly Ancestor[];
  other: Other | null;
  span: number;
}

const nothing = () => {};

export function wholeRunPages({ state, past, other, span }: Whole): WholeRunPage[] {
  return [
    page('The climb', <ClimbPage state={state} past={past} span={finishedIterations(state)} />),
    page('What got better', <BetterPage state={state} other={null} span={finishedIterations(state)} />),
    ...(other ? [page('Side by side', <SideBySide state={state} other={other} span={span} />)] : []),
  ];
}

const page = (name: string, content: ReactNode): WholeRunPage => ({ name, hue: 'update', content });

function ClimbPage({ state, past, span }: Pick<Whole, 'state' | 'past' | 'span'>) {
  const questions = state.iterations.reduce((sum, { stones }) => sum + stones.length, 0);
  return (
    <>
      <p className="lecture-say">
        {count(questions)} questions that the model wrote itself in {finishedIterations(state)} iterations,
        each where its answers put it. {flagsDown(state).length} of {state.goalposts.length} goalposts got a
        right answer.
      </p>
      <div className="lecture-figure">
        <Climb
          state={state}
          lastIteration={span}
          past={past}
          selected={null}
          onOpen={nothing}
          onOpenGoalpost={nothing}
        />
      </div>
    </>
  );
}

/** One trial against one trial: the more often a run tries its goalposts, the more of them luck solves. */
function changeWords(start: Rate, now: Rate): string {
  const gained = change(start, now);
  const { difference, low, high } = gained;
  const chance = trend(gained) === 'even' ? ', which may be chance' : '';
  return `${tenths(start.rate)} to ${tenths(now.rate)}: ${points(difference)} points, 95% interval ${points(low)} to ${points(high)}${chance}`;
}

function unseenWords(state: RunState): string {
  const gain = unseenGain(state);
  return gain?.now ? changeWords(gain.start, gain.now) : 'not tried after training';
}

function goalpostWords({ evaluations }: RunState): string {
  const start = evaluations.find(({ iteration }) => iteration === 0);
  const last = evaluations.findLast(({ iteration }) => iteration > 0);
  return start && last ? changeWords(unseenRate(start), unseenRate(last)) : 'not tried after training';
}

const unseen = (state: RunState): Series['points'] =>
  (state.validations ?? []).map((tried) => ({ iteration: tried.iteration, value: unseenRate(tried).rate }));
const solved = (state: RunState): Series['points'] =>
  state.evaluations.map((tried) => ({
    iteration: tried.iteration,
    value: summarizeEvaluation(tried).meanPassRate,
  }));

function BetterPage({ state, other, span }: Pick<Whole, 'state' | 'other' | 'span'>) {
  const lines = (of: (state: RunState) => Series['points'], className?: string): Series[] => [
    { name: state.name, points: of(state), ...(className && { className }) },
    ...(other
      ? [
          {
            name: state.name,
            of: other.state.name,
            as: 'other' as const,
            points: of(other.state).map(({ iteration, value }) => ({
              iteration: iteration + other.shift,
              value,
            })),
          },
        ]
      : []),
  ];
  return (
    <>
      {!other && <h2>Right on questions it has never seen: {unseenWords(state)}</h2>}
      <div className="lecture-figure lecture-curves">
        <Curve
          title="Right on unseen questions"
          note="share of right answers to questions that nothing trains on"
          series={lines(unseen)}
          format={percent}
          from={0}
          lastIteration={span}
        />
        <Curve
          title="Mean pass@1 on goalposts"
          note="share of right answers to the goalposts"
          series={lines(solved, 'of-goalpost')}
          format={percent}
          from={0}
          lastIteration={span}
        />
      </div>
    </>
  );
}

function SideBySide({ state, other, span }: { state: RunState; other: Other; span: number }) {
  const runs = [state, other.state];
  return (
    <>
      <table className="lecture-groups">
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">tokens</th>
            <th scope="col">right on its goalposts</th>
            <th scope="col">right on unseen questions</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run}>
              <th scope="row">{run.name}</th>
              <td>{count(currentCounters(run).tokensSampled)}</td>
              <td>{goalpostWords(run)}</td>
              <td>{unseenWords(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <BetterPage state={state} other={other} span={span} />
    </>
  );
}
