/** Numbers of the run at the moment that is shown. */
import { memo, useState } from 'react';
import { METHOD_NAMES, type MethodName, METHODS } from '../../gasp/methods.ts';
import { modelWords } from '../../lab/models.ts';
import { currentCounters, finishedIterations, type RunState } from '../../run/state.ts';
import { count, duration } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import type { TermName } from '../parts/terms.ts';
import { isBusy } from '../store/lab.ts';
import { cannotRun } from '../store/platform.ts';
import { useActions, usePage, usePageValue } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import { useShowRun } from './useShowRun.ts';
import './RunNumbers.css';

/** Rows whose words explain themselves. */
const explained: Record<string, TermName> = {
  estimator: 'estimator',
  hindsight: 'hindsight',
  training: 'LoRA',
};

/** Nothing while no run is open. */
export function RunNumbers() {
  const { state } = useShown();
  return state && <Numbers state={state} />;
}

const Numbers = memo(function Numbers({ state }: { state: RunState }) {
  const { runs, replay } = usePage('runs', 'replay');
  const backend = usePageValue((page) => (page.live ? page.backend?.backend : undefined));
  const show = useShowRun();
  // A stranger's run may call its origin as a run here is called.
  const origin = replay ? undefined : runs.find(({ run }) => run === state.branchedFrom?.run)?.name;
  const counters = currentCounters(state);
  const { tuning } = state.settings;
  const model = modelWords(state.model);
  const hindsight = state.iterations.findLast((iteration) => iteration.hindsight)?.hindsight;
  const rows: [string, string][] = [
    ['iterations', String(finishedIterations(state))],
    ['time', duration(counters.seconds)],
    ['tokens sampled', count(counters.tokensSampled)],
    ['tokens trained', count(counters.tokensTrained)],
    ['method', METHODS[state.settings.method].title],
    ['estimator', state.settings.estimator],
    ...(hindsight ? [['hindsight', `${count(hindsight.sequences)} answers`] as [string, string]] : []),
    ['model', state.policy ? `${model}, ${count(state.policy.parameters)} weights` : model],
    ['training', tuning.kind === 'full' ? 'all weights' : `LoRA, rank ${tuning.rank}`],
    ['trained weights', state.policy ? count(state.policy.trainable) : '–'],
    ['seed', String(state.settings.seed)],
    ['backend', backend ?? state.policy?.backend ?? '–'],
  ];
  return (
    <section aria-labelledby="numbers-title">
      <div className="section-head">
        <h2 className="eyebrow" id="numbers-title">
          This run
        </h2>
      </div>
      <dl className="numbers">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{explained[name] ? <Term name={explained[name]}>{name}</Term> : name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Again method={state.settings.method} />
      {state.branchedFrom && (
        <p className="section-note">
          Branched off{' '}
          {origin === undefined ? (
            'another run'
          ) : (
            <button type="button" className="link" onClick={() => show(state.branchedFrom!.run)}>
              {origin}
            </button>
          )}{' '}
          {state.branchedFrom.iteration === 0
            ? 'at its start.'
            : `after its iteration ${state.branchedFrom.iteration}.`}
        </p>
      )}
    </section>
  );
});

/** The run once more, as another method. */
function Again({ method }: { method: MethodName }) {
  const { running } = useActions();
  const busy = usePageValue((page) => isBusy(page.status));
  const others = METHOD_NAMES.filter((name) => name !== method && name !== 'base');
  const [chosen, setChosen] = useState<MethodName>(method === 'azr' ? 'gasp' : 'azr');
  if (cannotRun !== null) return null;
  return (
    <p className="numbers-again">
      <label>
        Run again as{' '}
        <select
          className="field"
          value={chosen}
          onChange={(event) => setChosen(event.target.value as MethodName)}
        >
          {others.map((name) => (
            <option key={name} value={name}>
              {METHODS[name].title}
            </option>
          ))}
        </select>
      </label>{' '}
      <button
        type="button"
        className="button"
        disabled={busy}
        title={busy ? 'Pause first' : 'The same model, seed and goalposts; pauses after as many tokens'}
        onClick={() => void running.again(chosen)}
      >
        Run it
      </button>
    </p>
  );
}
