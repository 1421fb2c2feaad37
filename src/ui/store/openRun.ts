/** The open run: the one that is shown, whether it is stored, runs, or comes from elsewhere. */
import type { RunEvent } from '../../run/events.ts';
import type { RecordedRun } from '../../run/journal.ts';
import { foldEvents, type RunState } from '../../run/state.ts';
import { Timeline } from '../../run/timeline.ts';
import type { Lab, LabState } from './lab.ts';
import type { Notices, NoticesState } from './notices.ts';
import type { Shelf } from './shelf.ts';
import type { Store } from './store.ts';

export interface OpenRunState {
  /** The open run as it is; null on the first page. */
  open: RunState | null;
  /** Its past. The same object grows with a run, so that `open` is what tells of changes. */
  timeline: Timeline | null;
  /** The open run is one from elsewhere that is not stored here: looked at, not run. */
  replay: RecordedRun | null;
  /** A run that came with the replay and is drawn beside it. */
  beside: RunState | null;
  /** Checkpoints of the open run whose weights are not here: they did not come along. */
  absent: ReadonlySet<string>;
  /** The lab holds the open run (it runs or is paused), so that it can go on at once. */
  live: boolean;
  /** Name of the run that the lab works on while another one, or none, is open. */
  elsewhere: string | null;
}

export const FIRST_OPEN_RUN: OpenRunState = {
  open: null,
  timeline: null,
  replay: null,
  beside: null,
  absent: new Set(),
  live: false,
  elsewhere: null,
};

/** The open run is stored without any weights, so that only its seed can make it again. */
export const isWeightless = ({
  open,
  replay,
  absent,
}: Pick<OpenRunState, 'open' | 'replay' | 'absent'>): boolean =>
  open !== null && !replay && absent.size > 0 && open.checkpoints.every(({ blob }) => absent.has(blob));

export interface OpenRun {
  /** Shows a stored run without running it. */
  show(run: string): Promise<void>;
  /** Shows a run from elsewhere, and one beside it. Nothing is stored, and nothing of it can be run. */
  showReplay(run: RecordedRun, beside?: RecordedRun): void;
  /** Back to the first page, to start another run. The open run is paused; one that runs elsewhere goes on. */
  close(): void;
  /** Deletes a stored run, and closes it where it is open. */
  remove(run: string): Promise<void>;
  rename(run: string, name: string): Promise<void>;
  note(run: string, text: string): Promise<void>;
  /** The open run with those of its checkpoints that are there and wanted. */
  recorded(wanted?: (blob: string) => boolean): Promise<RecordedRun>;
  /** Saves a checkpoint's adapter as a zip of the two files that PEFT reads. */
  exportAdapter(blob: string): Promise<void>;

  /** A new run was asked for: it opens with its first event. */
  expect(): void;
  /** The lab was asked to go on with this run, which is open. */
  take(run: string): void;
  /** The lab has said something of its work; `run`: on which one, where it said that. */
  workedOn(run: string | undefined): void;
  /** Events that the lab has stored. */
  hear(run: string, events: RunEvent[]): void;
}

export function createOpenRun(
  store: Store<OpenRunState & LabState & NoticesState>,
  lab: Pick<Lab, 'pause'>,
  shelf: Shelf,
  notices: Notices,
): OpenRun {
  let log: RunEvent[] = [];
  /** Id of the run whose events are shown; also set while its log is being read. */
  let shown: string | null = null;
  /** The run that the lab works on, whether open or not. */
  let worked: { run: string; name: string } | null = null;
  /** A run was asked for whose first event has not come yet. */
  let expecting = false;

  /** Whether the lab works on what is open. */
  const standing = (): Pick<OpenRunState, 'live' | 'elsewhere'> => {
    const live = expecting || (worked !== null && worked.run === shown);
    return { live, elsewhere: live || worked === null ? null : worked.name };
  };
  /** `here` names the checkpoints that are at hand. */
  const put = (
    events: readonly RunEvent[],
    replay: RecordedRun | null,
    here: readonly string[],
    beside: RunState | null = null,
  ) => {
    log = events.slice();
    const timeline = events.length > 0 ? new Timeline(events) : null;
    const open = timeline?.state ?? null;
    const named = open?.checkpoints.map(({ blob }) => blob) ?? [];
    const absent = new Set(named.filter((blob) => !here.includes(blob)));
    store.set({ open, timeline, replay, beside, absent, ...standing() });
  };
  const told = (run: string, event: RunEvent | undefined) => {
    if (event && shown === run) openRun.hear(run, [event]);
    if (event?.type === 'renamed' && worked?.run === run) {
      worked = { run, name: event.name };
      store.set(standing());
    }
  };

  const openRun: OpenRun = {
    async show(run) {
      if (shown === run && store.get().open) return;
      shown = run;
      try {
        const reader = await shelf.reader();
        const [events, checkpoints] = await Promise.all([reader.read(run), reader.checkpoints(run)]);
        if (shown === run) put(events, null, checkpoints);
      } catch (error) {
        notices.report(error, 'The run is still stored. Reload the page and try again.');
      }
    },
    showReplay(run, beside) {
      expecting = false;
      shown = null;
      put(
        run.events,
        run,
        run.checkpoints.map(({ blob }) => blob),
        beside && foldEvents(beside.events),
      );
    },
    close() {
      const { status, live } = store.get();
      if (live && (status === 'running' || status === 'loading')) lab.pause();
      expecting = false;
      shown = null;
      log = [];
      store.set({
        open: null,
        timeline: null,
        replay: null,
        beside: null,
        streaming: null,
        activity: null,
        ...standing(),
      });
      void shelf.refresh();
    },
    async remove(run) {
      if ((await shelf.remove(run)) && shown === run) openRun.close();
    },
    async rename(run, name) {
      told(run, await shelf.tell(run, { type: 'renamed', name }));
    },
    async note(run, text) {
      told(run, await shelf.tell(run, { type: 'noted', text }));
    },
    async recorded(wanted = () => true) {
      const { replay, open } = store.get();
      if (!replay) return (await shelf.reader()).exportRun(open!.run, wanted);
      return { ...replay, checkpoints: replay.checkpoints.filter(({ blob }) => wanted(blob)) };
    },
    async exportAdapter(blob) {
      const { open, replay } = store.get();
      const checkpoint = open?.checkpoints.find((one) => one.blob === blob);
      if (!open || !checkpoint || replay) return;
      try {
        // Few ask for it, and the first page is there sooner without PEFT's formats.
        const { saveAdapter } = await import('./saveAdapter.ts');
        await saveAdapter(await shelf.reader(), open, checkpoint);
      } catch (error) {
        notices.reportByCode(error, 'Nothing was changed. Try another checkpoint.');
      }
    },

    expect() {
      expecting = true;
      store.set({ status: 'loading', problem: null, ...standing() });
    },
    take(run) {
      worked = { run, name: store.get().open?.name ?? '' };
      store.set({ status: 'loading', problem: null, ...standing() });
    },
    workedOn(run) {
      if (run) worked = { run, name: worked?.name ?? '' };
      store.setSoon(standing());
    },
    hear(run, events) {
      const begin = events[0]?.type === 'run-started' ? events[0] : undefined;
      if (events.some((event) => event.type === 'iteration-finished')) void shelf.refresh();
      if (run !== shown && !(begin && expecting)) return;
      if (begin) {
        expecting = false;
        shown = run;
        worked = { run, name: begin.name };
        store.set({ absent: new Set() });
        void shelf.refresh();
        log = [];
      }
      if (events[0] && events[0].seq > log.length) {
        // Some events were missed: the journal has them all.
        shown = null;
        void openRun.show(run);
        return;
      }
      const fresh = events.filter((event) => event.seq >= log.length);
      if (fresh.length === 0) return;
      log.push(...fresh);
      const { timeline: before } = store.get();
      const anew = begin || !before || fresh.some((event) => event.type === 'resumed');
      const timeline = anew ? new Timeline(log) : before;
      if (!anew) timeline.push(fresh);
      store.setSoon({ open: timeline.state, timeline, replay: null, beside: null, ...standing() });
    },
  };
  return openRun;
}
