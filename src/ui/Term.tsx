/** A word of the field that explains itself where it stands. */
import { createContext, type ReactNode, useContext, useId, useRef } from 'react';
import { lemmaReward, liftReward } from '../gasp/rewards.ts';
import { finishedIterations, goalpostStates, type RunState, roleMeans } from '../run/state.ts';
import { percent, short } from './format.ts';
import './Term.css';

/** The run whose numbers the definitions use. */
export const TermRun = createContext<RunState | null>(null);

/** Who reads what of a goalpost. */
export const whoReads =
  'Of a goalpost the teacher reads title and examples. The student, when tried on it, gets the examples only: the title would give the program away. Neither reads the program.';

export type TermName = 'goalpost' | 'lemma' | 'lift' | 'pass rate';

export function Term({ name, children }: { name: TermName; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const state = useContext(TermRun);
  const onToggle = () => {
    if (!button.current || !box.current) return;
    const anchor = button.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = box.current;
    const below = anchor.bottom + offsetHeight + 12 < window.innerHeight;
    box.current.style.left = `${Math.max(12, Math.min(anchor.left, window.innerWidth - offsetWidth - 12))}px`;
    box.current.style.top = `${below ? anchor.bottom + 8 : Math.max(12, anchor.top - offsetHeight - 8)}px`;
  };
  return (
    <>
      <button type="button" className="term" ref={button} popoverTarget={id}>
        {children}
      </button>
      <div className="term-box" id={id} ref={box} popover="auto" onToggle={onToggle}>
        {definitions[name](state)}
      </div>
    </>
  );
}

const definitions: Record<TermName, (state: RunState | null) => ReactNode> = {
  goalpost: (state) => {
    const goalposts = state ? goalpostStates(state) : [];
    const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;
    return (
      <>
        <p>
          A question that the model cannot solve: none of many answers passed before training. It gives the
          direction, and is never trained on.
        </p>
        <p>{whoReads}</p>
        {state && (
          <p className="term-here">
            Here: {goalposts.length} goalposts, {solved} solved since the start.
          </p>
        )}
      </>
    );
  },
  lemma: (state) => (
    <>
      <p>
        An easier variant of a goalpost. The teacher, who is the same model, reads the goalpost and writes it.
        It is paid most for a question that half of the answers solve.
      </p>
      <p className="term-formula">[4p(1 − p)]⁵ for 0.3 ≤ p ≤ 0.7, else −0.5</p>
      <Latest state={state} kind="lemma" reward={lemmaReward} />
    </>
  ),
  lift: (state) => (
    <>
      <p>
        A harder variant of an accepted lemma, written without seeing the goalpost. It is paid most for a
        question that one answer in ten solves.
      </p>
      <p className="term-formula">10p((1 − p)/0.9)⁹ for 0.1 ≤ p ≤ 0.5, else −0.5</p>
      <Latest state={state} kind="lift" reward={liftReward} />
    </>
  ),
  'pass rate': (state) => (
    <p>
      The share of the student's answers that pass, p
      {state && `, of ${state.settings.rollouts} answers to each question`}. A program passes when it agrees
      with the interpreter on every pair, those that the student did not see included.
    </p>
  ),
};

function Latest(props: { state: RunState | null; kind: 'lemma' | 'lift'; reward: (p: number) => number }) {
  const { state, kind, reward } = props;
  const stone = state?.iterations
    .findLast((iteration) =>
      iteration.stones.some(
        (candidate) => candidate.proposal.role === kind && candidate.passRate !== undefined,
      ),
    )
    ?.stones.findLast((candidate) => candidate.proposal.role === kind && candidate.passRate !== undefined);
  if (!state || stone?.passRate === undefined) return null;
  const last = state.iterations.find((iteration) => iteration.iteration === finishedIterations(state));
  const means = last && roleMeans(last, kind);
  return (
    <p className="term-here">
      Here: the newest was solved with p = {short(stone.passRate)}, which pays {short(reward(stone.passRate))}
      .
      {means &&
        means.proposed > 0 &&
        ` Iteration ${last.iteration}: ${means.accepted} of ${means.proposed} accepted, ${percent(means.passRate || 0)} pass on average.`}
    </p>
  );
}
