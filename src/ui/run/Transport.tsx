/** The bar at the bottom, as in a music player: run, pause, step, the time slider, the backend. */
import { Icon } from '../parts/Icon.tsx';
import { useEffect, useMemo } from 'react';
import type { BackendChoice, LabStatus } from '../../lab/protocol.ts';
import { resumePoints } from '../../run/recorded.ts';
import { finishedIterations } from '../../run/state.ts';
import { activityShare, short } from '../parts/format.ts';
import { isBusy } from '../store/lab.ts';
import { isMining } from '../store/mining.ts';
import type { PageStore } from '../store/pageStore.ts';
import { cannotRun, embedded } from '../store/platform.ts';
import { TimeControls } from './TimeControls.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { useDoing } from './doing.ts';
import { Spoken } from './Spoken.tsx';
import { useShown } from './ShownRun.tsx';
import './Transport.css';

/** States in which the run goes on, or is about to. */
const runs: LabStatus[] = ['running', 'loading', 'pausing'];

/** Run, unless the lab is at it: then pause. */
function toggle({ lab, running }: PageStore, status: LabStatus): void {
  if (status === 'running' || status === 'loading') lab.pause();
  else if (!cannotRun && status !== 'pausing' && status !== 'mining' && status !== 'measuring') running.run();
}

/** Space runs and pauses the open run, or plays the replay, wherever it would not press or type something else. */
function useSpaceKey(): void {
  const { status, open, replay } = usePage('status', 'open', 'replay');
  const actions = useActions();
  const { time } = useShown();
  const isOpen = open !== null;
  useEffect(() => {
    if (!isOpen) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== ' ' || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as Element;
      if (target.closest('button, input, select, textarea, summary, a, dialog, [contenteditable]')) return;
      event.preventDefault();
      if (!replay) toggle(actions, status);
      else if (time.playing) time.pause();
      else time.play();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [actions, status, isOpen, replay, time]);
}

/** `auto` names the automatic choice as long as it has not been made. */
export function BackendChoiceField({ auto }: { auto: string }) {
  const { backendChoice, backend, status } = usePage('backendChoice', 'backend', 'status');
  const { choices } = useActions();
  const busy = runs.includes(status);
  return (
    <label className="backend-choice">
      <span>Runs on</span>
      <select
        className="field"
        value={backendChoice}
        disabled={busy}
        title={busy ? 'Pause to change the backend' : 'What computes the model'}
        onChange={(event) => choices.setBackend(event.target.value as BackendChoice)}
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

export function Transport() {
  useSpaceKey();
  const { open, status } = usePage('open', 'status');
  return open || isBusy(status) ? <Bar /> : null;
}

function Bar() {
  const page = usePage(
    'status',
    'activity',
    'tokensPerSecond',
    'timeline',
    // The timeline grows with the open run and stays the same object.
    'open',
    'replay',
    'mined',
    'backend',
  );
  const { status, activity, tokensPerSecond, timeline, replay } = page;
  const { lab, running, mining: miner } = useActions();
  const mining = isMining(page);
  const busy = runs.includes(status) || mining || status === 'measuring';

  const share = activity ? activityShare(activity) : undefined;
  const text = useDoing();
  const cores = page.backend?.cores ?? 1;
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
              onClick={() => (mining ? miner.cancel() : lab.pause())}
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
            !embedded && <GoOn />
          ) : (
            <button
              type="button"
              className="button is-primary"
              disabled={cannotRun !== null}
              onClick={() => running.run()}
              title="Run until paused (space)"
            >
              <Icon name="play" /> Run
            </button>
          )}
          {!replay && (
            <button
              type="button"
              className="button"
              disabled={busy || cannotRun !== null}
              onClick={() => running.run({ iterations: 1 })}
              title="Run one iteration"
            >
              <Icon name="step" /> Step
            </button>
          )}
        </div>
        <p className="transport-doing">{text}</p>
        <Spoken />
        {timeline && <TimeControls timeline={timeline} />}
        <div className="transport-backend">
          <span className="transport-speed">
            {tokensPerSecond > 0 ? `${short(Math.round(tokensPerSecond))} tokens/s${onCores}` : ''}
          </span>
          {!replay && <BackendChoiceField auto="auto" />}
        </div>
      </div>
    </section>
  );
}

/** Makes a replay a run of one's own. */
function GoOn() {
  const { replay, timeline } = usePage('replay', 'timeline');
  const { running } = useActions();
  const { time } = useShown();
  const points = useMemo(() => (replay ? resumePoints(replay) : []), [replay]);
  if (!timeline) return null;
  const iteration = finishedIterations(timeline.at(time.moment ?? timeline.length));
  const end = points.findLast((point) => point <= iteration);
  return (
    <button
      type="button"
      className="button is-primary"
      disabled={cannotRun !== null}
      onClick={() => void running.goOn(iteration)}
      title={
        end === undefined
          ? 'A run of your own with the same settings and seed: no weights came along, so it begins at the start'
          : `A run of your own that goes on exactly where this one was after iteration ${end}`
      }
    >
      <Icon name="play" /> Go on from here
    </button>
  );
}
