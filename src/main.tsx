/** Puts the page together: the lab behind its client, the journal, the bank. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { workOffline } from './offline/offlineState.ts';
import { openSandbox } from './python/sandbox.ts';
import { App } from './ui/App.tsx';
import { loadBank } from './ui/banks.ts';
import { bearForeignMoves } from './ui/foreignMoves.ts';
import { createLabClient } from './ui/labClient.ts';
import { Mishap } from './ui/Mishap.tsx';
import { acceptDrops, followAddress } from './ui/opening.ts';
import { Session } from './ui/session.ts';
import { guardMemory, openStorage, portForLab, subscribeStorage } from './ui/storage.ts';

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
