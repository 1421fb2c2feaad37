/** What the page shows, as one value: the session makes a new one with each change. */
import type { Mined } from '../../gasp/goalposts.ts';
import type { Bank } from '../../gasp/bank.ts';
import { DEFAULT_SETTINGS } from '../../gasp/defaults.ts';
import { slots } from '../../gasp/methods.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { AdapterFiles } from '../../lab/adapters.ts';
import type { Activity, BackendChoice, LabStatus } from '../../lab/protocol.ts';
import { EMBEDDED_MODEL } from '../../lab/models.ts';
import type { RecordedRun } from '../../run/journal.ts';
import type { RunState } from '../../run/state.ts';
import type { Timeline } from '../../run/timeline.ts';
import type { ShelfState } from './shelf.ts';

export interface ErrorNotice {
  message: string;
  advice: string;
}

export interface Streaming {
  role: 'lemma' | 'lift' | 'unguided' | 'solver';
  rows: { id: string; text: string }[];
}

export interface Snapshot extends ShelfState {
  /** False until the stored runs have been looked up. */
  ready: boolean;
  bank: Bank | null;

  /** What the next run starts with. */
  settings: Settings;
  /** Of the next run, as `models.ts` names it. */
  model: string;
  /** Ids of the goalposts chosen for the next run, out of the bank. */
  chosen: ReadonlySet<string>;
  backendChoice: BackendChoice;
  /** The LoRA adapter that the next run starts from, in place of one that changes nothing yet. */
  adapter: AdapterFiles | null;

  /** The open run as it is; null on the first page. */
  state: RunState | null;
  /** Its past. The same object grows with a run, so that `state` is what tells of changes. */
  timeline: Timeline | null;
  /** The open run is one from elsewhere that is not stored here: looked at, not run. */
  replay: RecordedRun | null;
  /** Checkpoints of the open run whose weights are not here: they did not come along. */
  absent: ReadonlySet<string>;
  /** The lab holds the open run (it runs or is paused), so that it can go on at once. */
  live: boolean;
  /** Something from elsewhere is being fetched or read. */
  opening: boolean;
  /** Runs from a file, to be stored if the person wants that. */
  offered: RecordedRun[] | null;
  /** Name of the run that the lab works on while another one, or none, is on the stage. */
  elsewhere: string | null;
  status: LabStatus;
  activity: Activity | null;
  tokensPerSecond: number;
  streaming: Streaming | null;
  backend: { backend: string; cores: number } | null;
  /** `stopped`: called off, so that a question without a success may have had fewer tries. */
  mined: { results: ReadonlyMap<string, Mined>; finished: boolean; stopped: boolean } | null;
  problem: ErrorNotice | null;
}

/** Before anything was looked up. */
export const FIRST_SNAPSHOT: Snapshot = {
  ready: false,
  runs: [],
  deleted: null,
  room: null,
  bank: null,
  settings: DEFAULT_SETTINGS,
  model: EMBEDDED_MODEL,
  chosen: new Set(),
  backendChoice: 'auto',
  adapter: null,
  state: null,
  timeline: null,
  replay: null,
  absent: new Set(),
  live: false,
  opening: false,
  offered: null,
  elsewhere: null,
  status: 'idle',
  activity: null,
  tokensPerSecond: 0,
  streaming: null,
  backend: null,
  mined: null,
  problem: null,
};

/** The open run is stored without any weights, so that only its seed can make it again. */
export const isWeightless = ({ state, replay, absent }: Snapshot): boolean =>
  state !== null && !replay && absent.size > 0 && state.checkpoints.every(({ blob }) => absent.has(blob));

/** Guided methods need something to aim at. */
export function canStart({ bank, chosen, settings }: Snapshot): boolean {
  return bank !== null && (chosen.size > 0 || slots(settings).guided === 0);
}
