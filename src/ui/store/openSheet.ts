/** Which sheet is open over the page, and what it was opened with. */
import type { Question } from '../../gasp/question.ts';
import type { RunState } from '../../run/state.ts';
import type { Store } from './store.ts';
import type { TeachStart } from './teaching.ts';

export interface NamedProgram {
  /** Such as `goalpost`, `lemma` or `answer 3, wrong`. */
  name: string;
  program: string;
}

/** Where a branch begins. `blob` is null where the run's start is to be made anew from its seed. */
export interface BranchPoint {
  iteration: number;
  blob: string | null;
}

type Nothing = Record<never, never>;

/** Each sheet with what it is opened with; `ui/sheets/sheetTable.ts` has the rest. */
export interface SheetAsks {
  /** `of`: another run that is drawn too and may have one of the same id; null: the open one. */
  stone: { id: string; of: RunState | null };
  goalpost: { id: string; of: RunState | null };
  teach: { start: TeachStart };
  /** `shown`: the program to begin with, beside the one before it. */
  programs: { programs: NamedProgram[]; shown: number };
  /** `from`: a goalpost of the person's own, to change it. */
  writeGoalpost: { from?: Question };
  branch: { from: BranchPoint };
  bank: Nothing;
  runs: Nothing;
  /** `runs`: their ids; absent: the newest ones. */
  compare: { runs?: readonly string[] };
  /** `page`: as in an address (`share/place.ts`); absent: where it begins. */
  lecture: { page?: string };
  share: Nothing;
  model: Nothing;
  settings: Nothing;
}

export type SheetName = keyof SheetAsks;
/** A sheet that is opened with nothing. */
export type PlainSheetName = {
  [Name in SheetName]: Nothing extends SheetAsks[Name] ? Name : never;
}[SheetName];

/** These have an address of their own by their names. */
export const PLAIN_SHEETS: readonly PlainSheetName[] = [
  ...(['bank', 'runs', 'compare', 'lecture', 'share', 'model', 'settings'] as const),
];

export interface OpenSheetState {
  sheet: { [Name in SheetName]: { name: Name; ask: SheetAsks[Name] } }[SheetName] | null;
}

export const FIRST_SHEET: OpenSheetState = { sheet: null };

export interface Sheets {
  /** In place of the one that is open. */
  open<Name extends PlainSheetName>(name: Name): void;
  open<Name extends SheetName>(name: Name, ask: SheetAsks[Name]): void;
  /** What the sheet of this name, if it is open, was opened with is another now. */
  change<Name extends SheetName>(name: Name, ask: SheetAsks[Name]): void;
  /** `name`: only where that one is open, and no other has taken its place. */
  close(name?: SheetName): void;
}

export function createSheets(store: Store<OpenSheetState>): Sheets {
  return {
    open(name: SheetName, ask: object = {}) {
      store.set({ sheet: { name, ask } as OpenSheetState['sheet'] });
    },
    change(name, ask) {
      const { sheet } = store.get();
      if (sheet?.name === name && JSON.stringify(sheet.ask) !== JSON.stringify(ask))
        store.set({ sheet: { name, ask } as OpenSheetState['sheet'] });
    },
    close(name) {
      const { sheet } = store.get();
      if (sheet && (name === undefined || sheet.name === name)) store.set({ sheet: null });
    },
  };
}
