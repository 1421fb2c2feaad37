/** The sheet that is open, if one is. Its code loads when it is first opened: the page is there sooner without it. */
import { type ComponentType, useEffect, useState } from 'react';
import type { SheetName } from '../store/openSheet.ts';
import { useActions, usePage, usePageValue } from '../store/usePage.ts';
import { isThere, SHEET_NAMES, SHEETS } from './sheetTable.ts';
import { Sheet } from './Sheet.tsx';

/** `SheetAsks` says what a sheet of this name is opened with, and the store holds the two together. */
type AnySheet = ComponentType<object & { onClose: () => void }>;

/** Sheets whose code is loaded. */
const loaded = new Map<SheetName, AnySheet>();

async function load(name: SheetName): Promise<void> {
  loaded.set(name, (await SHEETS[name].load()) as AnySheet);
}

export function OpenSheet() {
  const { sheet } = usePage('sheet');
  const { sheets } = useActions();
  const there = usePageValue((page) => sheet !== null && isThere(sheet.name, page));
  useEffect(() => {
    // Safari has no idle callbacks.
    const soon = globalThis.requestIdleCallback ?? ((act: () => void) => setTimeout(act, 200));
    soon(() => {
      // One that does not come now is loaded when it is opened, which says so if it fails.
      for (const name of SHEET_NAMES) if (SHEETS[name].early) load(name).catch(() => {});
    });
  }, []);
  if (!sheet || !there) return null;
  const { name, ask } = sheet;
  return <LateSheet key={name} name={name} ask={ask} onClose={() => sheets.close(name)} />;
}

/** Where its code does not come, a sheet says so, and opening it again tries again. */
function LateSheet({ name, ask, onClose }: { name: SheetName; ask: object; onClose: () => void }) {
  const [, setLoaded] = useState(loaded.has(name));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (loaded.has(name)) return;
    load(name).then(
      () => setLoaded(true),
      () => setFailed(true),
    );
  }, [name]);
  const Loaded = loaded.get(name);
  if (Loaded) return <Loaded {...ask} onClose={onClose} />;
  if (!failed) return null;
  return (
    <Sheet title={SHEETS[name].title} onClose={onClose}>
      <p role="alert">
        <strong>This part of the page did not load.</strong> The host may be out of reach, or may have a newer
        version of the page. Reload the page; what is stored stays.
      </p>
    </Sheet>
  );
}
