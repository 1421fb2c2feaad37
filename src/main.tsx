/** Puts the page together: the lab behind its client, the journal, the bank. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { workOffline } from './offline/offlineState.ts';
import { openSandbox } from './python/sandbox.ts';
import { App } from './ui/App.tsx';
import { loadBank } from './ui/store/banks.ts';
import { bearForeignMoves } from './ui/parts/foreignMoves.ts';
import { createLabClient } from './ui/store/labClient.ts';
import { Mishap } from './ui/parts/Mishap.tsx';
import { acceptDrops, followAddress } from './ui/store/opening.ts';
import { Session } from './ui/store/session.ts';
import { guardMemory, openStorage, portForLab, subscribeStorage } from './ui/store/storage.ts';

const session = new Session({
  lab: createLabClient(() => openSandbox(document), portForLab),
  openJournal: openStorage,
  loadBank: () => loadBank('micro'),
});

followAddress(session);
acceptDrops(session);
subscribeStorage(() => void session.shelf.refresh());
guardMemory();

const root = document.getElementById('root')!;
bearForeignMoves(root);
createRoot(root).render(
  <StrictMode>
    <Mishap onLeave={() => session.close()}>
      <App session={session} />
    </Mishap>
  </StrictMode>,
);

if (import.meta.env.PROD) {
  const rests = () => {
    const { ready, replay, opening, status } = session.getSnapshot();
    return ready && !replay && !opening && status !== 'loading';
  };
  void workOffline(`${import.meta.env.BASE_URL}serviceWorker.js`, rests);
}
