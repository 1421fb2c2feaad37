/** The right side: numbers of the run, and checkpoints to go back to. */
import { memo } from 'react';
import { METHODS } from '../gasp/methods.ts';
import { currentCounters, finishedIterations, type RunState } from '../run/state.ts';
import { ago, bytes, count, duration } from './format.ts';
import { Term } from './Term.tsx';
import type { TermName } from './terms.ts';
import { useNow } from './useNow.ts';
import './Checkpoints.css';

/** Rows whose words explain themselves. */
const explained: Record<string, TermName> = { estimator: 'estimator', training: 'LoRA' };

export const RunNumbers = memo(function RunNumbers({
  state,
  backend,
}: {
  state: RunState;
  backend: string | undefined;
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
          Branched off another run at its iteration {state.branchedFrom.iteration}.
        </p>
      )}
    </section>
  );
});

export const Checkpoints = memo(function Checkpoints(props: {
  state: RunState;
  busy: boolean;
  /** Checkpoints of a replay whose weights came along; null for a stored run, which has them. */
  here: ReadonlySet<string> | null;
  /** `blob` is null where the run's start is to be made anew from its seed. */
  onBranch: (from: { iteration: number; blob: string | null }) => void;
  onExport: (blob: string) => void;
}) {
  const { state, busy, here, onBranch, onExport } = props;
  const now = useNow();
  return (
    <section aria-labelledby="checkpoints-title">
      <div className="section-head">
        <h2 className="eyebrow" id="checkpoints-title">
          Checkpoints
        </h2>
      </div>
      {state.checkpoints.length === 0 ? (
        <p className="section-note">The first one lands when an iteration is complete.</p>
      ) : (
        <ol className="checkpoints">
          {state.checkpoints.toReversed().map((checkpoint, i) => (
            <li key={checkpoint.blob}>
              <span>
                {checkpoint.iteration === 0 ? 'start' : `iteration ${checkpoint.iteration}`}
                <span className="section-note">
                  {i === 0 && checkpoint.iteration > 0 ? ' newest, ' : ' '}
                  {bytes(checkpoint.bytes)}, {ago(checkpoint.at, now)}
                </span>
              </span>
              {state.policy?.adapter && !here && (
                <button
                  type="button"
                  className="link"
                  title="The LoRA adapter in PEFT’s format, as a zip of its two files"
                  onClick={() => onExport(checkpoint.blob)}
                >
                  adapter<span className="visually-hidden"> of iteration {checkpoint.iteration}</span>
                </button>
              )}
              <button
                type="button"
                className="link"
                disabled={busy || !canBranch(checkpoint, here)}
                title={
                  busy
                    ? 'Pause first'
                    : canBranch(checkpoint, here)
                      ? 'A new run that starts from these weights, with other settings or goalposts'
                      : 'The weights did not come along'
                }
                onClick={() =>
                  onBranch({
                    iteration: checkpoint.iteration,
                    blob: !here || here.has(checkpoint.blob) ? checkpoint.blob : null,
                  })
                }
              >
                branch<span className="visually-hidden"> from iteration {checkpoint.iteration}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      {state.checkpoints.length > 0 && (
        <p className="checkpoints-note">
          To go back to one is to branch: a new run starts from its weights, this one stays as it is. Its
          adapter loads in PEFT.
        </p>
      )}
    </section>
  );
});

/** A run's start needs no weights: model and seed give them. */
const canBranch = (
  { iteration, blob }: { iteration: number; blob: string },
  here: ReadonlySet<string> | null,
) => !here || here.has(blob) || iteration === 0;
