/** Everything that leaves the page does so here: a link to a run, a link to its recipe, a file. */
import { useEffect, useId, useRef, useState } from 'react';
import { bankFor, chosenQuestions } from '../../gasp/bank.ts';
import { slots } from '../../gasp/methods.ts';
import { embedAddress, FILE_ENDING, LINK_LIMIT } from '../../share/address.ts';
import type { RunState } from '../../run/state.ts';
import type { Recipe } from '../../share/schema.ts';
import { copyFrom } from '../parts/copyText.ts';
import { download } from '../parts/download.ts';
import { bytes, count } from '../parts/format.ts';
import { Sheet } from './Sheet.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import './ShareSheet.css';

type Weights = 'none' | 'newest' | 'all';

export function ShareSheet({ onClose }: { onClose: () => void }) {
  const { open, replay } = usePage('open', 'replay');
  return (
    <Sheet title="Share" onClose={onClose}>
      {open && <ReplayPart key={open.run} state={open} />}
      <RecipePart />
      {!replay && (
        <p className="section-note">
          A link carries everything itself, behind its #, which browsers do not send to any server.
        </p>
      )}
    </Sheet>
  );
}

function ReplayPart({ state }: { state: RunState }) {
  const { absent } = usePage('absent');
  const { openRun } = useActions();
  const [link, setLink] = useState<string | null | undefined>();
  const [weights, setWeights] = useState<Weights>('none');
  const [problem, setProblem] = useState<string>();
  const weightsLabel = useId();
  const iterations = state.iterations.findLast((iteration) => iteration.counters)?.iteration ?? 0;
  // The link of a run that goes on is made anew with each iteration.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    let late = false;
    Promise.all([import('../../share/link.ts'), openRun.recorded(() => false)])
      .then(([{ replayLink }, run]) => replayLink(run, location.href))
      .then((made) => {
        if (!late) setLink(made);
      })
      .catch((error: unknown) => {
        if (!late) setProblem(String(error));
      });
    return () => {
      late = true;
    };
  }, [openRun, iterations, state.name, state.notes]);

  const checkpoints = state.checkpoints.filter(({ blob }) => !absent.has(blob));
  const newest = checkpoints.at(-1);
  const total = checkpoints.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
  const options: [Weights, string][] = [
    ['none', 'none: it can be looked at, and run again from its seed'],
    ...(newest
      ? ([['newest', `the newest (${bytes(newest.bytes)}): it can also go on exactly where it stands`]] as [
          Weights,
          string,
        ][])
      : []),
    ...(checkpoints.length > 1
      ? ([['all', `all ${checkpoints.length} (${bytes(total)}): it can be branched from each`]] as [
          Weights,
          string,
        ][])
      : []),
  ];
  const save = async () => {
    try {
      const { packRuns } = await import('../../share/bundle.ts');
      const wanted = (blob: string) => weights === 'all' || (weights === 'newest' && blob === newest?.blob);
      const file = await packRuns([await openRun.recorded(wanted)]);
      download(`${state.name}${FILE_ENDING}`, file, 'application/octet-stream');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <section className="share-part">
      <h3>This run, to look at</h3>
      <p>
        Opens as it is here, every iteration of it, without loading a model. Whoever opens it can go on from
        there.
      </p>
      {link === undefined && <p className="section-note">Making the link.</p>}
      {link && <LinkField label="Link to this run" link={link} />}
      {link && (
        <details>
          <summary>In a page of yours</summary>
          <LinkField label="Frame for another page" link={frame(link, state.name)} />
        </details>
      )}
      {link === null && (
        <p className="section-note">
          This run does not fit in a link of {LINK_LIMIT.toLocaleString('en')} characters, which every browser
          takes. Share it as a file: people drop it on the page, or open it with{' '}
          <code translate="no">?session=</code> and the file’s address.
        </p>
      )}
      <fieldset className="share-weights">
        <legend id={weightsLabel}>As a file, with trained weights:</legend>
        {options.map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name="weights"
              checked={weights === value}
              onChange={() => setWeights(value)}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <button type="button" className="button" onClick={() => void save()}>
        Download file
      </button>
      {problem && <p role="alert">{problem}</p>}
    </section>
  );
}

/** For a lesson's page: the replay without what stands around it. */
const frame = (link: string, name: string) =>
  `<iframe src="${embedAddress(link)}" title="${name.replace(/[&"<>]/g, (c) => `&#${c.charCodeAt(0)};`)}" width="100%" height="720"></iframe>`;

function RecipePart() {
  const page = usePage('open', 'bank', 'chosen', 'settings', 'model');
  const { open: state, bank, chosen, settings, model } = page;
  const [link, setLink] = useState<string>();
  useEffect(() => {
    const goalposts = chosenQuestions(bank, chosen);
    const recipe: Recipe | null = state
      ? {
          model: state.model,
          bank: state.bank,
          settings: state.settings,
          goalposts: state.goalposts,
          ...(state.questions && { questions: state.questions }),
        }
      : bank && {
          model,
          bank: bank.name,
          settings,
          goalposts,
          ...(slots(settings).real > 0 && { questions: bankFor(bank, goalposts).questions }),
        };
    if (!recipe) return;
    let late = false;
    import('../../share/link.ts')
      .then(({ recipeLink }) => recipeLink(recipe, location.href))
      .then((made) => {
        if (!late) setLink(made);
      })
      .catch(() => {});
    return () => {
      late = true;
    };
  }, [model, bank, chosen, settings, state]);
  return (
    <section className="share-part">
      <h3>{state ? 'Its recipe' : 'What is chosen now'}, to run</h3>
      <p>
        Method, settings, seed and goalposts. Opens ready to run; on the same backend it gives the same run.
      </p>
      {link &&
        (link.length > LINK_LIMIT ? (
          <p className="section-note">So many goalposts do not fit in a link. Choose fewer.</p>
        ) : (
          <LinkField label="Link to the recipe" link={link} />
        ))}
    </section>
  );
}

function LinkField({ label, link }: { label: string; link: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<boolean>();
  return (
    <div className="share-link">
      <input
        ref={field}
        className="field"
        readOnly
        aria-label={label}
        value={link}
        onFocus={(event) => event.target.select()}
      />
      <button
        type="button"
        className="button"
        onClick={() => void copyFrom(field.current!).then(setCopied, () => setCopied(false))}
      >
        Copy
      </button>
      <p className="section-note" aria-live="polite">
        {copied && 'Copied. '}
        {copied === false &&
          'This browser does not let the page copy. The link is selected: press Ctrl+C, or ⌘C on a Mac. '}
        {count(link.length)} characters
      </p>
    </div>
  );
}
