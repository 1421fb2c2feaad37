/** Puts the page together: the lab behind its client, the journal, the bank. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { openSandbox } from './python/sandbox.ts';
import { openIndexedDbJournal } from './run/indexedDbJournal.ts';
import { App } from './ui/App.tsx';
import { loadBank } from './ui/banks.ts';
import { createLabClient } from './ui/labClient.ts';
import { Session } from './ui/session.ts';

const session = new Session({
  lab: createLabClient(() => openSandbox(document)),
  openJournal: () => openIndexedDbJournal(),
  loadBank: () => loadBank('micro'),
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
);
