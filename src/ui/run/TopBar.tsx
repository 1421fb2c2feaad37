/** The page's head: its name, that of the open run, and the sheets that are always at hand. */
import { useEffect } from 'react';
import { BUTTONS, isThere, SHEETS } from '../sheets/sheetTable.ts';
import type { PlainSheetName } from '../store/openSheet.ts';
import { useActions, usePageValue } from '../store/usePage.ts';

export function TopBar() {
  const run = usePageValue(({ open }) => open?.name);
  const { openRun } = useActions();
  useEffect(() => {
    document.title = run ? `${run} · Foothold` : 'Foothold';
  }, [run]);
  return (
    <header className="top">
      <p className="top-name">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1 14.5h5V10h4.5V5.5H15" />
        </svg>
        Foothold
      </p>
      {run !== undefined && <h1 className="top-run">{run}</h1>}
      <nav className="top-actions" aria-label="Run">
        {run !== undefined && (
          <button type="button" className="button is-quiet" onClick={() => openRun.close()}>
            New run
          </button>
        )}
        {BUTTONS.map((name) => (
          <SheetButton key={name} name={name} />
        ))}
      </nav>
    </header>
  );
}

function SheetButton({ name }: { name: PlainSheetName }) {
  const there = usePageValue((page) => isThere(name, page));
  const { sheets } = useActions();
  const { title, button } = SHEETS[name];
  if (!there) return null;
  return (
    <button type="button" className="button is-quiet" title={button?.hint} onClick={() => sheets.open(name)}>
      {title}
    </button>
  );
}
