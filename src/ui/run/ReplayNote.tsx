/** The note that the shown run came from elsewhere, and what can be done with it. */
import { useMemo } from 'react';
import { isEmbedded, modelWords } from '../../lab/models.ts';
import { resumePoints } from '../../run/recorded.ts';
import type { RecordedRun } from '../../run/journal.ts';
import type { RunState } from '../../run/state.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import './ReplayNote.css';

const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });

/** Nothing where the open run is stored here. */
export function ReplayNote() {
  const { replay, open } = usePage('replay', 'open');
  // The run as it ended: what was said of it holds at its beginning too.
  return open && replay && <Note state={open} replay={replay} />;
}

function Note({ state, replay }: { state: RunState; replay: RecordedRun }) {
  const { running } = useActions();
  const { time } = useShown();
  const recorded = useMemo(() => date.format(state.startedAt), [state.startedAt]);
  const exact = useMemo(() => resumePoints(replay).at(-1), [replay]);
  return (
    <section className="replay-note" aria-label="Replay">
      {state.notes && <p className="replay-words">{state.notes}</p>}
      <p>
        <strong>A replay</strong>, recorded on {recorded}. It is only looked at: nothing is stored or run here
        before you go on from it.{' '}
        {exact === undefined
          ? 'Going on repeats it from its seed, since no weights came along.'
          : `Weights came along: going on takes it up exactly where it was after iteration ${exact}.`}
        {!isEmbedded(state.model) && ` Its model, ${modelWords(state.model)}, would be loaded then.`}
      </p>
      <p className="replay-buttons">
        {state.iterations.length > 0 && (
          <button
            type="button"
            className="button is-primary"
            onClick={() => (time.playing ? time.pause() : time.play())}
          >
            {time.playing ? 'Stop' : time.moment === 1 ? 'Watch from its beginning' : 'Watch'}
          </button>
        )}
        <button type="button" className="button" onClick={() => void running.keepReplay()}>
          Keep among my runs
        </button>
      </p>
    </section>
  );
}

/** Runs from a file that was dropped: to be stored, if the person wants that. */
export function Offer() {
  const { offered } = usePage('offered');
  const { opening } = useActions();
  if (!offered) return null;
  return (
    <section className="replay-note" aria-label="Runs in the file">
      <p>
        The file holds <strong>{offered.length} runs</strong>. They would be stored beside yours; none of
        yours changes.
      </p>
      <p className="replay-buttons">
        <button type="button" className="button is-primary" onClick={() => void opening.answerOffer(true)}>
          Store them
        </button>
        <button type="button" className="button" onClick={() => void opening.answerOffer(false)}>
          Leave it
        </button>
      </p>
    </section>
  );
}
