/** The bar at the bottom, as in a music player: run, pause, step, the time slider, the backend. */
import { useEffect, useMemo } from 'react';
import type { BackendChoice, LabStatus } from '../../lab/protocol.ts';
import { resumePoints } from '../../run/recorded.ts';
import { finishedIterations } from '../../run/state.ts';
import { activityShare, activityText, short } from '../parts/format.ts';
import { cannotRun } from '../store/platform.ts';
import type { Session } from '../store/session.ts';
import { isWeightless, type Snapshot } from '../store/snapshot.ts';
import { TimeControls } from './TimeControls.tsx';
import type { Time } from '../store/time.ts';
import './Transport.css';

const running: LabStatus[] = ['running', 'loading', 'pausing'];

/** Run, unless the lab is at it: then pause. */
function toggle(session: Session, status: LabStatus): void {
  if (status === 'running' || status === 'loading') session.pause();
  else if (!cannotRun && status !== 'pausing' && status !== 'mining' && status !== 'measuring') session.run();
}

/** Space runs and pauses the open run, or plays the replay, wherever it would not press or type something else. */
export function useSpaceKey(session: Session, { status, state, replay }: Snapshot, time: Time): void {
  const open = state !== null;
  useEffect(() => {
    if (!open) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== ' ' || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as Element;
      if (target.closest('button, input, select, textarea, summary, a, dialog, [contenteditable]')) return;
      event.preventDefault();
      if (!replay) toggle(session, status);
      else if (time.playing) time.pause();
      else time.play();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [session, status, open, replay, time]);
}

export function BackendChoiceField(props: {
  session: Session;
  snapshot: Snapshot;
  /** Names the automatic choice as long as it has not been made. */
  auto: string;
}) {
  const { session, snapshot, auto } = props;
  const { backendChoice, backend, status } = snapshot;
  const busy = running.includes(status);
  return (
    <label className="backend-choice">
      <span>Runs on</span>
      <select
        className="field"
        value={backendChoice}
        disabled={busy}
        title={busy ? 'Pause to change the backend' : 'What computes the model'}
        onChange={(event) => session.choices.setBackend(event.target.value as BackendChoice)}
      >
        <option value="auto">
          {backend && backendChoice === 'auto' ? `auto: ${backend.backend}` : auto}
        </option>
        <option value="webgpu">WebGPU</option>
        <option value="wasm">wasm</option>
      </select>
    </label>
  );
}

/** What the lab is doing, in one line. */
export function doing(snapshot: Snapshot): string {
  const { status, activity, state, replay, elsewhere } = snapshot;
  const now = activity ? activityText(activity) : '';
  switch (status) {
    case 'pausing':
      return now ? `Finishing this iteration: ${now}` : 'Finishing this iteration';
    case 'loading':
      return now || 'Getting ready';
    case 'running':
      return elsewhere ? `${elsewhere}: ${now}` : now;
    case 'mining':
      return now || 'Looking for goalposts';
    case 'measuring':
      return now || 'Measuring';
  }
  if (replay) return 'Replay';
  if (isWeightless(snapshot)) return 'Stored without weights; Run repeats it from its seed';
  if (state && elsewhere !== null) return 'Stored; Run goes on with it';
  if (status === 'failed') return 'Stopped by an error';
  return status === 'paused' ? 'Paused' : state ? 'Stored; Run goes on with it' : '';
}

interface Props {
  session: Session;
  snapshot: Snapshot;
  time: Time;
}

export function Transport(props: Props) {
  const { session, snapshot, time } = props;
  const { status, activity, tokensPerSecond, timeline, replay, mined } = snapshot;
  const mining = status === 'mining' || (status === 'loading' && mined !== null && !mined.finished);
  const busy = running.includes(status) || mining || status === 'measuring';

  const share = activity ? activityShare(activity) : undefined;
  const text = doing(snapshot);
  const cores = snapshot.backend?.cores ?? 1;
  const onCores = cores > 1 ? ` on ${cores} cores` : '';
  const stops = mining || status === 'measuring' || status === 'loading' || status === 'pausing';

  return (
    <section className="transport" aria-label="Transport">
      <div
        className="transport-progress"
        role="progressbar"
        aria-label={text || 'Progress'}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share !== undefined && { 'aria-valuenow': Math.round(share * 100) })}
        data-busy={(busy && share === undefined) || undefined}
      >
        <span style={share === undefined ? undefined : { transform: `scaleX(${share})` }} />
      </div>
      <div className="transport-row">
        <div className="transport-buttons">
          {busy ? (
            <button
              type="button"
              className="button is-primary"
              onClick={() => (mining ? session.mining.cancel() : session.pause())}
              title={
                status === 'pausing'
                  ? 'Abandon the iteration in progress'
                  : stops
                    ? 'Call it off'
                    : 'Finish this iteration, then pause (space)'
              }
            >
              <Icon name={stops ? 'stop' : 'pause'} />{' '}
              {status === 'pausing' ? 'Stop now' : stops ? 'Stop' : 'Pause'}
            </button>
          ) : replay ? (
            <GoOn session={session} snapshot={snapshot} time={time} />
          ) : (
            <button
              type="button"
              className="button is-primary"
              disabled={cannotRun !== null}
              onClick={() => session.run()}
              title="Run until paused (space)"
            >
              <Icon name="run" /> Run
            </button>
          )}
          {!replay && (
            <button
              type="button"
              className="button"
              disabled={busy || cannotRun !== null}
              onClick={() => session.run(1)}
              title="Run one iteration"
            >
              <Icon name="step" /> Step
            </button>
          )}
        </div>
        <p className="transport-doing" aria-live="polite">
          {text}
        </p>
        {timeline && <TimeControls timeline={timeline} time={time} />}
        <div className="transport-backend">
          <span className="transport-speed">
            {tokensPerSecond > 0 ? `${short(Math.round(tokensPerSecond))} tokens/s${onCores}` : ''}
          </span>
          {!replay && <BackendChoiceField session={session} snapshot={snapshot} auto="auto" />}
        </div>
      </div>
    </section>
  );
}

/** Makes a replay a run of one's own. */
function GoOn({
  session,
  snapshot: { replay, timeline },
  time,
}: Pick<Props, 'session' | 'snapshot' | 'time'>) {
  const points = useMemo(() => (replay ? resumePoints(replay) : []), [replay]);
  if (!timeline) return null;
  const iteration = finishedIterations(timeline.at(time.moment ?? timeline.length));
  const end = points.findLast((point) => point <= iteration);
  return (
    <button
      type="button"
      className="button is-primary"
      disabled={cannotRun !== null}
      onClick={() => void session.goOn(iteration)}
      title={
        end === undefined
          ? 'A run of your own with the same settings and seed: no weights came along, so it begins at the start'
          : `A run of your own that goes on exactly where this one was after iteration ${end}`
      }
    >
      <Icon name="run" /> Go on from here
    </button>
  );
}

export function Icon({ name }: { name: 'run' | 'pause' | 'step' | 'stop' }) {
  const paths = {
    run: 'M3 1.5v11l9-5.5z',
    pause: 'M3 2h3v10H3zM8 2h3v10H8z',
    step: 'M2 2v10l7-5zM10 2h2v10h-2z',
    stop: 'M2.5 2.5h9v9h-9z',
  };
  return (
    <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
      <path d={paths[name]} fill="currentcolor" />
    </svg>
  );
}
