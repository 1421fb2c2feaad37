import { expect, it } from 'vitest';
import { createSheets, FIRST_SHEET } from '../../../src/ui/store/openSheet.ts';
import { createStore } from '../../../src/ui/store/store.ts';

it('a sheet that has given way to another does not close it', () => {
  const store = createStore(FIRST_SHEET);
  const sheets = createSheets(store);
  sheets.open('stone', { id: '1.lemma.0', of: null });
  sheets.open('goalpost', { id: 'a', of: null });
  // The dialog of the first reports that it is closed when it leaves the document.
  sheets.close('stone');
  expect(store.get().sheet).toEqual({ name: 'goalpost', ask: { id: 'a', of: null } });
  sheets.close('goalpost');
  expect(store.get().sheet).toBeNull();
  sheets.open('settings');
  sheets.close();
  expect(store.get().sheet).toBeNull();
});
