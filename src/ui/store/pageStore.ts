/**
 * The page's store: all that the page knows, one state of one store, put together from slices. Each slice is a
 * file about one thing, with its part of the state and the actions on it. Components read fields by `usePage` and
 * call actions; no algorithm of a run lives here.
 */
import type { Bank } from '../../gasp/bank.ts';
import type { Message } from '../../lab/protocol.ts';
import { type Choices, type ChoicesState, createChoices, FIRST_CHOICES } from './choices.ts';
import { createLab, FIRST_LAB, isResting, type Lab, type LabState } from './lab.ts';
import type { LabClient } from './labClient.ts';
import { createMeasure, type Measure } from './measuring.ts';
import { createMining, FIRST_MINING, type Mining, type MiningState } from './mining.ts';
import { createMoments, FIRST_MOMENT, type Moments, type MomentState } from './moment.ts';
import { createNotices, FIRST_NOTICES, type Notices, type NoticesState } from './notices.ts';
import { createOpening, FIRST_OPENING, type Opening, type OpeningState } from './opening.ts';
import { createOpenRun, FIRST_OPEN_RUN, type OpenRun, type OpenRunState } from './openRun.ts';
import { createSheets, FIRST_SHEET, type OpenSheetState, type Sheets } from './openSheet.ts';
import { createQueues, FIRST_QUEUE, type Queues, type QueueState } from './queue.ts';
import { createRunning, type Running } from './running.ts';
import { createShelf, FIRST_SHELF, type RunStore, type Shelf, type ShelfState } from './shelf.ts';
import { createStore, type Store } from './store.ts';
import { createTeaching, FIRST_TEACHING, type Teaching, type TeachingState } from './teaching.ts';

export interface PageState
  extends NoticesState,
    ShelfState,
    ChoicesState,
    LabState,
    OpenRunState,
    MomentState,
    MiningState,
    QueueState,
    TeachingState,
    OpeningState,
    OpenSheetState {}

const FIRST: PageState = {
  ...FIRST_NOTICES,
  ...FIRST_SHELF,
  ...FIRST_CHOICES,
  ...FIRST_LAB,
  ...FIRST_OPEN_RUN,
  ...FIRST_MOMENT,
  ...FIRST_MINING,
  ...FIRST_QUEUE,
  ...FIRST_TEACHING,
  ...FIRST_OPENING,
  ...FIRST_SHEET,
};

/** The state, and the actions by slice. */
export interface PageStore extends Pick<Store<PageState>, 'get' | 'subscribe'> {
  notices: Notices;
  shelf: Shelf;
  choices: Choices;
  lab: Lab;
  openRun: OpenRun;
  moments: Moments;
  running: Running;
  queues: Queues;
  measure: Measure;
  mining: Mining;
  teaching: Teaching;
  opening: Opening;
  sheets: Sheets;
}

export interface Services {
  lab: LabClient;
  openJournal: () => Promise<RunStore>;
  loadBank: () => Promise<Bank>;
}

export function createPageStore({ lab: client, openJournal, loadBank }: Services): PageStore {
  const store = createStore(FIRST);
  const notices = createNotices(store);
  const shelf = createShelf(store, openJournal, notices);
  const choices = createChoices(store, loadBank, notices);
  const lab = createLab(store, client);
  const openRun = createOpenRun(store, lab, shelf, notices);
  const moments = createMoments(store);
  const running = createRunning(store, client, openRun, shelf, notices);
  const queues = createQueues(store, running, shelf, notices);
  const measure = createMeasure(store, client, shelf, notices);
  const mining = createMining(store, client);
  const teaching = createTeaching(store, client, openRun);
  const opening = createOpening(store, choices, openRun, shelf, notices);
  const sheets = createSheets(store);

  /** Each message goes to the slices that it is about. */
  const hear = (message: Message) => {
    switch (message.type) {
      case 'status':
        lab.hear(message);
        openRun.workedOn(message.run);
        queues.hear(message.status, message.run);
        if (isResting(message.status)) void shelf.refresh();
        break;
      case 'activity':
      case 'stream':
      case 'backend':
        lab.hear(message);
        break;
      case 'events':
        openRun.hear(message.run, message.events);
        queues.heardEvents(message.run, message.events);
        break;
      case 'mined':
        mining.hear(message);
        break;
      case 'tried':
      case 'kept':
      case 'examined':
        teaching.hear(message);
        break;
      case 'error':
        teaching.hear(message);
        notices.hear(message);
        break;
      case 'notice':
        notices.hear(message);
        break;
    }
  };
  client.listen(hear);

  const { get, subscribe } = store;
  return {
    get,
    subscribe,
    notices,
    shelf,
    choices,
    lab,
    openRun,
    moments,
    running,
    queues,
    measure,
    mining,
    teaching,
    opening,
    sheets,
  };
}
