/** Every sheet, one entry each: its title, its button, when it can open, where its code is. */
import type { ComponentType } from 'react';
import type { PlainSheetName, SheetAsks, SheetName } from '../store/openSheet.ts';
import type { PageState } from '../store/pageStore.ts';

export interface SheetEntry<Ask> {
  /** The title on its button, and in the message where its code does not load. */
  title: string;
  /** Its button at the top of the page, where it has one; links elsewhere open it by its name. */
  button?: Record<never, never> extends Ask ? { hint?: string } : never;
  /** Whether there is something to show: else neither the button nor the sheet is there. */
  there?: (page: PageState) => boolean;
  /** Its code is loaded right after the page's own, so that the sheet opens at once. */
  early?: boolean;
  /** It is given what it is opened with (`SheetAsks`); whatever else it needs it reads from the store. */
  load: () => Promise<ComponentType<Ask & { onClose: () => void }>>;
}

export const SHEETS: { [Name in SheetName]: SheetEntry<SheetAsks[Name]> } = {
  lecture: {
    title: 'Lecture',
    button: { hint: 'The run and its iterations, phase by phase, in large type' },
    there: ({ open }) => open?.iterations.some((iteration) => iteration.counters) === true,
    load: async () => (await import('./Lecture.tsx')).Lecture,
  },
  share: {
    title: 'Share',
    button: {},
    load: async () => (await import('./ShareSheet.tsx')).ShareSheet,
  },
  model: {
    title: 'Model',
    button: {},
    early: true,
    load: async () => (await import('./ModelSheet.tsx')).ModelSheet,
  },
  settings: {
    title: 'Settings',
    button: {},
    early: true,
    load: async () => (await import('./SettingsSheet.tsx')).SettingsSheet,
  },
  stone: {
    title: 'Question',
    there: ({ open }) => open !== null,
    early: true,
    load: async () => (await import('./StoneSheet.tsx')).StoneSheet,
  },
  goalpost: {
    title: 'Goalpost',
    early: true,
    load: async () => (await import('./GoalpostSheet.tsx')).GoalpostSheet,
  },
  bank: {
    title: 'Choose goalposts',
    there: ({ bank }) => bank !== null,
    early: true,
    load: async () => (await import('./BankSheet.tsx')).BankSheet,
  },
  branch: {
    title: 'Branch',
    there: ({ open }) => open !== null,
    early: true,
    load: async () => (await import('./BranchSheet.tsx')).BranchSheet,
  },
  runs: {
    title: 'Runs',
    load: async () => (await import('./RunsSheet.tsx')).RunsSheet,
  },
  compare: {
    title: 'Compare runs',
    load: async () => (await import('./CompareSheet.tsx')).CompareSheet,
  },
  teach: {
    title: 'Be the teacher',
    load: async () => (await import('./teach/TeacherSheet.tsx')).TeacherSheet,
  },
  writeGoalpost: {
    title: 'Write a goalpost',
    load: async () => (await import('./teach/GoalpostEditor.tsx')).GoalpostEditor,
  },
  programs: {
    title: 'Programs',
    early: true,
    load: async () => (await import('./teach/ProgramsSheet.tsx')).ProgramsSheet,
  },
};

export const SHEET_NAMES = Object.keys(SHEETS) as SheetName[];

/** Sheets with a button, in the order of the table. */
export const BUTTONS = SHEET_NAMES.filter(
  (name): name is PlainSheetName => SHEETS[name].button !== undefined,
);

export const isThere = (name: SheetName, page: PageState): boolean => SHEETS[name].there?.(page) ?? true;
