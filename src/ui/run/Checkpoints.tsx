/** The checkpoints of the open run, to go back to. */
import type { RunState } from '../../run/state.ts';
import { ago, bytes } from '../parts/format.ts';
import { useNow } from '../parts/useNow.ts';
import { isBusy } from '../store/lab.ts';
import { useActions, usePage, usePageValue } from '../store/usePage.ts';
import './Checkpoints.css';

/** Nothing while no run is open. */
export function Checkpoints() {
  const { open } = usePage('open');
  return open && <List state={open} />;
}

function List({ state }: { state: RunState }) {
  const { absent, replay } = usePage('absent', 'replay');
  const busy = usePageValue((page) => isBusy(page.status));
  const { openRun, sheets } = useActions();
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
        <p className="section-note">
          {replay ? 'None came along.' : 'The first one lands when an iteration is complete.'}
        </p>
      )}
      <ol className="checkpoints">
        {listed.toReversed().map(({ iteration, blob, bytes: size, at }, i) => (
          <li key={blob}>
            <span>{iteration === 0 ? 'start' : `iteration ${iteration}`}</span>
            <span className="section-note">
              {i === 0 && iteration > 0 ? 'newest, ' : ''}
              {absent.has(blob) ? 'from its seed' : `${bytes(size)}, ${ago(at, now)}`}
            </span>
            {state.policy?.adapter && !replay && !absent.has(blob) && (
              <button
                type="button"
                className="link"
                title="The LoRA adapter in PEFT’s format, as a zip of its two files"
                onClick={() => void openRun.exportAdapter(blob)}
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
              onClick={() =>
                sheets.open('branch', { from: { iteration, blob: absent.has(blob) ? null : blob } })
              }
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
          {!replay && state.policy?.adapter && ' Its adapter loads in PEFT.'}
        </p>
      )}
    </section>
  );
}
