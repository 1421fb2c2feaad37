/** Puts the page together: the lab behind its client, the journal, the bank. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { workOffline } from './offline/offlineState.ts';
import { openSandbox } from './python/sandbox.ts';
import { App } from './ui/App.tsx';
import { bearForeignMoves } from './ui/parts/foreignMoves.ts';
import { Mishap } from './ui/parts/Mishap.tsx';
import { isThere } from './ui/sheets/sheetTable.ts';
import { acceptDrops, followAddress } from './ui/store/arrivals.ts';
import { loadBank } from './ui/store/banks.ts';
import { createLabClient } from './ui/store/labClient.ts';
import { createPageStore } from './ui/store/pageStore.ts';
import { guardMemory, openStorage, portForLab, watchStorage } from './ui/store/storage.ts';
import { PageProvider } from './ui/store/usePage.ts';

const page = createPageStore({
  lab: createLabClient(() => openSandbox(document), portForLab),
  openJournal: openStorage,
  loadBank: () => loadBank('micro'),
});

followAddress(page, isThere);
acceptDrops(page);
watchStorage(page.shelf.setMemoryReason);
guardMemory();

/** Away from what could not be drawn. */
const leave = () => {
  page.sheets.close();
  page.openRun.close();
};

const root = document.getElementById('root')!;
bearForeignMoves(root);
createRoot(root).render(
  <StrictMode>
    <Mishap onLeave={leave}>
      <PageProvider value={page}>
        <App />
      </PageProvider>
    </Mishap>
  </StrictMode>,
);

if (import.meta.env.PROD) {
  const rests = () => {
    const { ready, replay, opening, status } = page.get();
    return ready && !replay && !opening && status !== 'loading';
  };
  void workOffline(`${import.meta.env.BASE_URL}serviceWorker.js`, rests);
}
