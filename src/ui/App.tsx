/** The whole page. It reads the session's snapshot and sends commands; nothing here computes a run. */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { findStone, goalpostStates, type RunState, type Stone } from '../run/state.ts';
import { BankSheet } from './sheets/BankSheet.tsx';
import { chosenQuestions } from '../gasp/bank.ts';
import type { Question } from '../gasp/question.ts';
import { BranchSheet } from './sheets/BranchSheet.tsx';
import { Checkpoints, RunNumbers } from './run/Checkpoints.tsx';
import { ComparePicker, useOther } from './store/secondRun.tsx';
import { useAncestors } from './store/lineage.ts';
import { Curves } from './run/Curves.tsx';
import { Climb } from './figures/Climb.tsx';
import { GoalpostList } from './run/GoalpostList.tsx';
import { lateSheet } from './sheets/LateSheet.tsx';
import { Limits } from './run/Limits.tsx';
import { LoopNow, UpdateCard } from './run/LoopNow.tsx';
import { NewVersion } from './run/NewVersion.tsx';
import { Offer, ReplayNote } from './run/ReplayNote.tsx';
import { ModelSheet } from './sheets/ModelSheet.tsx';
import { RunsList } from './run/RunsList.tsx';
import { SettingsSheet } from './sheets/SettingsSheet.tsx';
import { GoalpostSheet, StoneSheet } from './sheets/StoneSheet.tsx';
import { isOwn } from './store/ownGoalposts.ts';
import type { Session } from './store/session.ts';
import { type NamedProgram, ProgramsSheet } from './sheets/teach/ProgramsSheet.tsx';
import type { TeachStart } from './store/teachingStore.ts';
import { TermsOf } from './parts/Term.tsx';
import { useTime } from './store/time.ts';
import { Transport, useSpaceKey } from './run/Transport.tsx';
import { Welcome } from './run/Welcome.tsx';
import './parts/tokens.css';
import './parts/base.css';
import './App.css';

const CompareSheet = lateSheet(
  'Compare runs',
  async () => (await import('./sheets/CompareSheet.tsx')).CompareSheet,
);
const Lecture = lateSheet('Lecture', async () => (await import('./sheets/Lecture.tsx')).Lecture);
const TeacherSheet = lateSheet(
  'Be the teacher',
  async () => (await import('./sheets/teach/TeacherSheet.tsx')).TeacherSheet,
);
const GoalpostEditor = lateSheet(
  'Write a goalpost',
  async () => (await import('./sheets/teach/GoalpostEditor.tsx')).GoalpostEditor,
);
const ShareSheet = lateSheet('Share', async () => (await import('./sheets/ShareSheet.tsx')).ShareSheet);
const RunsSheet = lateSheet('Runs', async () => (await import('./sheets/RunsSheet.tsx')).RunsSheet);

type Panel =
  /** `of`: another run that is drawn too and may have one of the same id; null: the open one. */
  | { kind: 'stone' | 'goalpost'; id: string; of: RunState | null }
  | { kind: 'bank' | 'model' | 'settings' | 'runs' | 'share' | 'compare' | 'lecture' }
  | { kind: 'teach'; start: TeachStart }
  | { kind: 'programs'; programs: NamedProgram[]; shown: number }
  | { kind: 'write-goalpost'; from?: Question }
  | { kind: 'branch'; iteration: number; blob: string | null }
  | null;

export function App({ session }: { session: Session }) {
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot);
  const { state: live, timeline, bank, chosen, settings, problem, runs } = snapshot;
  const time = useTime(timeline);
  useSpaceKey(session, snapshot, time);
  const [panel, setPanel] = useState<Panel>(null);
  useEffect(() => {
    document.title = live?.name ? `${live.name} · Foothold` : 'Foothold';
  }, [live?.name]);

  const lastIteration = live?.iterations.at(-1)?.iteration ?? 0;
  const inPast = time.still.cards !== null;
  const stateAt = (moment: number | null) => (timeline && moment !== null ? timeline.at(moment) : live);
  // A moment of a timeline is the same run for good; the run as it is changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const state = useMemo(() => stateAt(time.moment), [timeline, time.moment, time.moment ?? live]);
  const { cards, curves } = time.still;
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const still = useMemo(() => stateAt(cards), [timeline, cards, cards ?? live]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const drawn = useMemo(() => stateAt(curves), [timeline, curves, curves ?? live]);
  const goalposts = useMemo(() => chosenQuestions(bank, chosen), [bank, chosen]);
  // Before the first run the climb stands empty, with the flags of what was chosen.
  const preview = useMemo<RunState>(
    () => ({
      run: '',
      name: '',
      settings,
      model: '',
      bank: '',
      goalposts,
      startedAt: 0,
      updatedAt: 0,
      iterations: [],
      taught: [],
      evaluations: [],
      checkpoints: [],
    }),
    [settings, goalposts],
  );
  const shown = state ?? preview;
  const busy = ['running', 'loading', 'pausing', 'mining', 'measuring'].includes(snapshot.status);
  const openStone = useCallback(
    (opened: Stone, of: RunState | null = null) => setPanel({ kind: 'stone', id: opened.id, of }),
    [],
  );
  const openGoalpost = useCallback(
    (id: string, of: RunState | null = null) => setPanel({ kind: 'goalpost', id, of }),
    [],
  );
  const chooseGoalposts = useCallback(() => setPanel({ kind: 'bank' }), []);
  const branch = useCallback(
    (from: { iteration: number; blob: string | null }) => setPanel({ kind: 'branch', ...from }),
    [],
  );
  const past = useAncestors(session, snapshot);
  const origin = snapshot.replay ? undefined : runs.find(({ run }) => run === live?.branchedFrom?.run)?.name;
  const [other, compare] = useOther(session, snapshot, past);
  const span = Math.max(lastIteration, other?.last ?? 0);
  const exportAdapter = useCallback((blob: string) => void session.exportAdapter(blob), [session]);
  const writeGoalpost = useCallback(() => setPanel({ kind: 'write-goalpost' }), []);
  const read = useCallback(
    (programs: NamedProgram[], shown: number) => setPanel({ kind: 'programs', programs, shown }),
    [],
  );
  const teach = useCallback((start: TeachStart) => setPanel({ kind: 'teach', start }), []);
  const showRun = useCallback(
    async (run: string) => {
      await session.show(run);
      // On a narrow page the list of runs stands below all that it changes.
      window.scrollTo(0, 0);
    },
    [session],
  );
  const manageRuns = useCallback(() => setPanel({ kind: 'runs' }), []);
  const compareRuns = useCallback(() => setPanel({ kind: 'compare' }), []);
  const undoRemove = useCallback(() => void session.shelf.undoRemove(), [session]);
  const stones = useMemo(
    () =>
      new Map(
        [...(live?.iterations.flatMap((iteration) => iteration.stones) ?? []), ...(live?.taught ?? [])].map(
          (stone) => [stone.id, stone],
        ),
      ),
    [live?.iterations, live?.taught],
  );
  // What belongs to another run can be read, and no more.
  const theirs = panel?.kind === 'stone' || panel?.kind === 'goalpost' ? panel.of : null;
  const stone =
    panel?.kind !== 'stone' ? undefined : theirs ? findStone(theirs, panel.id) : stones.get(panel.id);
  const goalpost =
    panel?.kind === 'goalpost'
      ? goalpostStates(theirs ?? shown).find((candidate) => candidate.question.id === panel.id)
      : undefined;

  return (
    <TermsOf run={drawn}>
      <header className="top">
        <p className="top-name">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M1 14.5h5V10h4.5V5.5H15" />
          </svg>
          Foothold
        </p>
        {live && <h1 className="top-run">{live.name}</h1>}
        <nav className="top-actions" aria-label="Run">
          {live && (
            <button type="button" className="button is-quiet" onClick={() => session.close()}>
              New run
            </button>
          )}
          {live?.iterations.some((iteration) => iteration.counters) && (
            <button
              type="button"
              className="button is-quiet"
              title="One iteration, phase by phase, in large type"
              onClick={() => setPanel({ kind: 'lecture' })}
            >
              Lecture
            </button>
          )}
          <button type="button" className="button is-quiet" onClick={() => setPanel({ kind: 'share' })}>
            Share
          </button>
          <button type="button" className="button is-quiet" onClick={() => setPanel({ kind: 'model' })}>
            Model
          </button>
          <button type="button" className="button is-quiet" onClick={() => setPanel({ kind: 'settings' })}>
            Settings
          </button>
        </nav>
      </header>
      {/* Fixed at the bottom, but early in the order of the keyboard: it is what one needs most. */}
      {(live || busy) && <Transport session={session} snapshot={snapshot} time={time} />}
      {problem && (
        <div className="problem" role="alert">
          <p>
            <strong>{problem.message}</strong> {problem.advice}
          </p>
          <button type="button" className="button" onClick={() => session.dismissProblem()}>
            Dismiss
          </button>
        </div>
      )}
      {state && <ReplayNote session={session} snapshot={snapshot} state={state} />}
      <Limits />
      <NewVersion busy={busy} holdsRun={snapshot.live || snapshot.elsewhere !== null} />
      <Offer session={session} snapshot={snapshot} />
      <div
        className="page"
        data-narrow={(!live && runs.length === 0) || undefined}
        data-scrubbed={(time.moment !== null && !time.playing) || undefined}
      >
        <main className="middle">
          {!live &&
            (snapshot.opening ? (
              <p className="opening" role="status">
                Opening the session
              </p>
            ) : (
              <Welcome session={session} snapshot={snapshot} />
            ))}
          <Climb
            state={shown}
            lastIteration={span}
            past={past}
            other={other}
            selected={panel?.kind === 'stone' ? panel : null}
            onOpen={openStone}
            onOpenGoalpost={openGoalpost}
          />
          {still && still.iterations.length > 0 && (
            <LoopNow
              ref={time.watch.cards}
              state={still}
              past={inPast}
              streaming={inPast ? null : snapshot.streaming}
              onOpen={openStone}
            />
          )}
          {drawn && lastIteration > 0 && (
            <>
              <UpdateCard iteration={drawn.iterations.findLast(({ update }) => update)} />
              <Curves ref={time.watch.curves} state={drawn} lastIteration={span} past={past} other={other}>
                <ComparePicker snapshot={snapshot} other={other} onCompare={compare} />
              </Curves>
            </>
          )}
        </main>
        <aside className="left" aria-label="Goalposts">
          <GoalpostList
            state={drawn}
            chosen={goalposts}
            onOpen={openGoalpost}
            onChoose={chooseGoalposts}
            onWrite={writeGoalpost}
          />
        </aside>
        <aside className="right" aria-label="The run">
          {state && (
            <>
              <RunNumbers
                state={state}
                backend={snapshot.live ? snapshot.backend?.backend : undefined}
                origin={origin}
                onShow={showRun}
              />
              <Checkpoints
                state={live ?? state}
                busy={busy}
                absent={snapshot.absent}
                onBranch={branch}
                onExport={snapshot.replay ? undefined : exportAdapter}
              />
            </>
          )}
          <RunsList
            runs={runs}
            open={live?.run}
            deleted={snapshot.deleted}
            onShow={showRun}
            onManage={manageRuns}
            onCompare={compareRuns}
            onUndo={undoRemove}
          />
        </aside>
      </div>
      {stone && state && (
        <StoneSheet
          stone={stone}
          state={theirs ?? live ?? state}
          of={theirs?.name}
          onOpen={(opened) => openStone(opened, theirs)}
          onOpenGoalpost={(id) => openGoalpost(id, theirs)}
          onTeach={snapshot.replay || theirs ? undefined : teach}
          onRead={read}
          onClose={() => setPanel((now) => (now?.kind === 'stone' ? null : now))}
        />
      )}
      {goalpost && (
        <GoalpostSheet
          key={goalpost.question.id}
          goalpost={goalpost}
          onTeach={live && !snapshot.replay && !theirs ? teach : undefined}
          onRead={read}
          onEdit={
            isOwn(goalpost.question) && !theirs
              ? () => setPanel({ kind: 'write-goalpost', from: goalpost.question })
              : undefined
          }
          onRemove={() => session.choices.removeGoalpost(goalpost.question.id)}
          onClose={() => setPanel((now) => (now?.kind === 'goalpost' ? null : now))}
        />
      )}
      {panel?.kind === 'teach' && (
        <TeacherSheet
          key={`${panel.start.role}/${panel.start.from.id}`}
          start={panel.start}
          session={session}
          snapshot={snapshot}
          onClose={() => setPanel((now) => (now?.kind === 'teach' ? null : now))}
        />
      )}
      {panel?.kind === 'programs' && (
        <ProgramsSheet
          programs={panel.programs}
          shown={panel.shown}
          onClose={() => setPanel((now) => (now?.kind === 'programs' ? null : now))}
        />
      )}
      {panel?.kind === 'write-goalpost' && (
        <GoalpostEditor
          session={session}
          snapshot={snapshot}
          from={panel.from}
          onClose={() => setPanel((now) => (now?.kind === 'write-goalpost' ? null : now))}
        />
      )}
      {panel?.kind === 'bank' && bank && (
        <BankSheet bank={bank} session={session} snapshot={snapshot} onClose={() => setPanel(null)} />
      )}
      {panel?.kind === 'branch' && live && (
        <BranchSheet
          session={session}
          snapshot={snapshot}
          from={panel}
          onChoose={chooseGoalposts}
          onClose={() => setPanel(null)}
        />
      )}
      {panel?.kind === 'runs' && (
        <RunsSheet session={session} snapshot={snapshot} onClose={() => setPanel(null)} />
      )}
      {panel?.kind === 'compare' && (
        <CompareSheet session={session} snapshot={snapshot} onClose={() => setPanel(null)} />
      )}
      {panel?.kind === 'share' && (
        <ShareSheet session={session} snapshot={snapshot} onClose={() => setPanel(null)} />
      )}
      {panel?.kind === 'model' && (
        <ModelSheet
          session={session}
          snapshot={snapshot}
          fixed={live !== null}
          onClose={() => setPanel(null)}
        />
      )}
      {panel?.kind === 'lecture' && live && (
        <Lecture
          state={live}
          from={state?.iterations.at(-1)?.iteration ?? 0}
          onClose={() => setPanel(null)}
        />
      )}
      {panel?.kind === 'settings' && (
        <SettingsSheet
          settings={live?.settings ?? settings}
          fixed={live !== null}
          onChange={(next) => session.choices.setSettings(next)}
          onClose={() => setPanel(null)}
        />
      )}
    </TermsOf>
  );
}
