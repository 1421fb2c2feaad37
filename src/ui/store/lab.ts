/** What the lab says of itself: whether it is at work, at what, how fast, and the text that is being written. */
import type { FolderContent } from 'onnx-lora';
import type { Activity, LabStatus, Message } from '../../lab/protocol.ts';
import type { LabClient } from './labClient.ts';
import type { Store } from './store.ts';

export interface Streaming {
  role: 'lemma' | 'lift' | 'unguided' | 'solver';
  rows: { id: string; text: string }[];
}

export interface LabState {
  status: LabStatus;
  activity: Activity | null;
  tokensPerSecond: number;
  streaming: Streaming | null;
  backend: { backend: string; cores: number } | null;
}

export const FIRST_LAB: LabState = {
  status: 'idle',
  activity: null,
  tokensPerSecond: 0,
  streaming: null,
  backend: null,
};

/** It is at work, or about to be. */
export const isBusy = (status: LabStatus): boolean =>
  ['running', 'loading', 'pausing', 'mining', 'measuring'].includes(status);

/** Its work is done or over. */
export const isResting = (status: LabStatus): boolean => ['idle', 'paused', 'failed'].includes(status);

type Heard = Extract<Message, { type: 'status' | 'activity' | 'stream' | 'backend' }>;

export interface Lab {
  /** Finishes the iteration in progress, then pauses; a second call abandons it. Loading is called off. */
  pause(): void;
  /** Hands over a folder on disk, under the name by which a model is chosen from it. */
  offerFolder(name: string, content: FolderContent): void;
  hear(message: Heard): void;
}

export function createLab(store: Store<LabState>, client: LabClient): Lab {
  return {
    pause() {
      const { status } = store.get();
      client.send({ type: 'pause', now: status === 'pausing' || status === 'loading' });
    },
    offerFolder(name, content) {
      client.send({ type: 'folder', name, content });
    },
    hear(message) {
      switch (message.type) {
        case 'status':
          store.setSoon({
            status: message.status,
            ...(isResting(message.status) && { activity: null, streaming: null, tokensPerSecond: 0 }),
          });
          break;
        case 'activity':
          store.setSoon({ activity: message.activity, tokensPerSecond: message.tokensPerSecond });
          break;
        case 'stream':
          store.setSoon({ streaming: { role: message.role, rows: message.rows } });
          break;
        case 'backend':
          store.setSoon({ backend: { backend: message.backend, cores: message.cores } });
          break;
      }
    },
  };
}
