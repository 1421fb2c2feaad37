/** The first page: one sentence, one button. Everything else is chosen already. */
import { lazy, Suspense, useId, useSyncExternalStore } from 'react';
import { METHODS, slots } from '../../gasp/methods.ts';
import { isEmbedded, modelHost, modelTitle } from '../../lab/models.ts';
import { getOffline, subscribeOffline } from '../../offline/offlineState.ts';
import { cannotRun } from '../store/platform.ts';
import { canStart, settingsErrors } from '../store/choices.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { useDoing } from './doing.ts';
import { FirstPageStory } from './FirstPageStory.tsx';
import { Icon } from '../parts/Icon.tsx';
import { SettingsProblem } from '../parts/SettingsProblem.tsx';
import { Unreadable } from './Unreadable.tsx';
import { BackendChoiceField } from './Transport.tsx';
import './Welcome.css';

/** Most visits change nothing. */
const Changes = lazy(() =>
  import('./Changes.tsx').then(
    ({ Changes }) => ({ default: Changes }),
    // The settings sheet says the same.
    () => ({ default: () => null }),
  ),
);

/** Nothing while a run is open. */
export function Welcome() {
  const { open, opening } = usePage('open', 'opening');
  if (open) return null;
  return opening ? (
    <p className="opening" role="status">
      Opening the session
    </p>
  ) : (
    <FirstPage />
  );
}

function FirstPage() {
  const page = usePage('runs', 'ready', 'chosen', 'bank', 'status', 'settings', 'unusable', 'model');
  const errors = settingsErrors(page);
  const problem = useId();
  const { runs, ready, chosen, bank, status, settings, model } = page;
  const { running } = useActions();
  const doing = useDoing();
  const { title } = METHODS[settings.method];
  const aims =
    slots(settings).guided === 0
      ? title
      : `${title}, ${chosen.size} ${chosen.size === 1 ? 'goalpost' : 'goalposts'}`;
  const { kept } = useSyncExternalStore(subscribeOffline, getOffline);
  const last = runs[0];
  const starting = status === 'loading' || status === 'pausing';
  return (
    <section className="welcome">
      <h1>
        A small coding model teaches itself, in this tab: it writes itself{' '}
        <span className="of-lemma">stepping stones</span> towards{' '}
        <span className="of-goalpost">questions</span> that it cannot solve yet.
      </h1>
      <div className="welcome-buttons" data-ready={ready || undefined}>
        {starting ? (
          // The bar at the bottom is there already, with the button that calls it off.
          <p className="welcome-doing">{doing}</p>
        ) : (
          <>
            {last && (
              <button
                type="button"
                className="button is-primary"
                disabled={cannotRun !== null || status === 'mining' || status === 'measuring'}
                onClick={() => void running.resume(last.run)}
              >
                <Icon name="play" /> Resume {last.name}
              </button>
            )}
            <button
              type="button"
              className={`button ${last ? '' : 'is-primary'}`}
              aria-describedby={Object.keys(errors).length > 0 ? problem : undefined}
              disabled={
                cannotRun !== null || status === 'mining' || status === 'measuring' || !canStart(page)
              }
              onClick={() => running.run()}
            >
              <Icon name="play" /> {last ? 'Run a new one' : 'Run'}
            </button>
            <BackendChoiceField auto={isEmbedded(model) ? 'auto: wasm' : 'auto: WebGPU, else wasm'} />
          </>
        )}
      </div>
      <Unreadable />
      <SettingsProblem id={problem} errors={errors} />
      <p className="section-note">
        {!bank
          ? 'Loading the questions.'
          : chosen.size === 0 && slots(settings).guided > 0
            ? 'Choose at least one goalpost to aim at, or the unguided method in the settings.'
            : isEmbedded(model)
              ? `${aims} and a model that ships with the page: no account, no GPU needed. Nothing leaves this computer.${kept ? ' It works without network too.' : ''}`
              : `${aims} and ${modelTitle(model)}, which is downloaded once${modelHost(model) ? ` from ${modelHost(model)}` : ''}. Nothing of yours leaves this computer.`}
      </p>
      <Suspense>
        <Changes />
      </Suspense>
      <FirstPageStory />
    </section>
  );
}
