/** The right side: numbers of the run, and checkpoints to go back to. */
import { memo } from 'react';
import { METHODS } from '../../gasp/methods.ts';
import { currentCounters, finishedIterations, type RunState } from '../../run/state.ts';
import { ago, bytes, count, duration } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import type { TermName } from '../parts/terms.ts';
import { useNow } from '../parts/useNow.ts';
import './Checkpoints.css';

/** Rows whose words explain themselves. */
const explained: Record<string, TermName> = { estimator: 'estimator', training: 'LoRA' };

export const RunNumbers = memo(function RunNumbers({
  state,
  backend,
  origin,
  onShow,
}: {
  state: RunState;
  backend: string | undefined;
  /** Name of the run that it branched off, where that is stored here. */
  origin: string | undefined;
  onShow: (run: string) => void;
}) {
  const counters = currentCounters(state);
  const { tuning } = state.settings;
  const rows: [string, string][] = [
    ['iterations', String(finishedIterations(state))],
    ['time', duration(counters.seconds)],
    ['tokens sampled', count(counters.tokensSampled)],
    ['tokens trained', count(counters.tokensTrained)],
    ['method', METHODS[state.settings.method].title],
    ['estimator', state.settings.estimator],
    ['model', state.policy ? `${state.model}, ${count(state.policy.parameters)} weights` : state.model],
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
      {state.branchedFrom && (
        <p className="section-note">
          Branched off{' '}
          {origin === undefined ? (
            'another run'
          ) : (
            <button type="button" className="link" onClick={() => onShow(state.branchedFrom!.run)}>
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

export const Checkpoints = memo(function Checkpoints(props: {
  state: RunState;
  busy: boolean;
  /** Names of those whose weights are not here. */
  absent: ReadonlySet<string>;
  /** Undefined for a replay, which is not stored. */
  onExport: ((blob: string) => void) | undefined;
  /** `blob` is null where the run's start is to be made anew from its seed. */
  onBranch: (from: { iteration: number; blob: string | null }) => void;
}) {
  const { state, busy, absent, onBranch, onExport } = props;
  const now = useNow();
  // A run's start needs no weights: model and seed give them.
  const listed = state.checkpoints.filter(({ iteration, blob }) => iteration === 0 || !absent.has(blob));
  const missing = state.checkpoints.length - listed.length;
  return (
    <section aria-labelledby="checkpoints-title">
      <div className="section-head">
        <h2 className="eyebrow" id="checkpoints-title">
          Checkpoints
        </h2>
      </div>
      {state.checkpoints.length === 0 && (
        <p className="section-note">The first one lands when an iteration is complete.</p>
      )}
      <ol className="checkpoints">
        {listed.toReversed().map(({ iteration, blob, bytes: size, at }, i) => (
          <li key={blob}>
            <span>{iteration === 0 ? 'start' : `iteration ${iteration}`}</span>
            <span className="section-note">
              {i === 0 && iteration > 0 ? 'newest, ' : ''}
              {absent.has(blob) ? 'from its seed' : `${bytes(size)}, ${ago(at, now)}`}
            </span>
            {state.policy?.adapter && onExport && !absent.has(blob) && (
              <button
                type="button"
                className="link"
                title="The LoRA adapter in PEFT’s format, as a zip of its two files"
                onClick={() => onExport(blob)}
              >
                adapter<span className="visually-hidden"> of iteration {iteration}</span>
              </button>
            )}
            <button
              type="button"
              className="link"
              disabled={busy}
              title={
                busy
                  ? 'Pause first'
                  : 'A new run that starts from these weights, with other settings or goalposts'
              }
              onClick={() => onBranch({ iteration, blob: absent.has(blob) ? null : blob })}
            >
              branch<span className="visually-hidden"> from iteration {iteration}</span>
            </button>
          </li>
        ))}
      </ol>
      {missing > 0 && (
        <p className="checkpoints-note">
          {missing === 1 ? 'One more was' : `${missing} more were`} recorded; the weights did not come along.
        </p>
      )}
      {listed.length > 0 && (
        <p className="checkpoints-note">
          To go back to one is to branch: a new run starts from its weights, this one stays as it is.
          {onExport && state.policy?.adapter && ' Its adapter loads in PEFT.'}
        </p>
      )}
    </section>
  );
});
