/** A new run from a checkpoint of the open one: with another method, other settings, other goalposts. */
import { useId, useState } from 'react';
import { chosenQuestions } from '../../gasp/bank.ts';
import { SettingsForm } from './SettingsSheet.tsx';
import { Sheet } from './Sheet.tsx';
import type { Session } from '../store/session.ts';
import type { Snapshot } from '../store/snapshot.ts';
import './BranchSheet.css';

export function BranchSheet(props: {
  session: Session;
  snapshot: Snapshot;
  from: { iteration: number; blob: string | null };
  onChoose: () => void;
  onClose: () => void;
}) {
  const { session, snapshot, from, onChoose, onClose } = props;
  const { state, bank, chosen } = snapshot;
  const [settings, setSettings] = useState(state!.settings);
  const [aims, setAims] = useState<'its' | 'chosen'>('its');
  const [name, setName] = useState(() => session.freshName());
  const nameField = useId();
  const goalposts = chosenQuestions(bank, chosen);
  return (
    <Sheet
      title={from.iteration === 0 ? 'Branch from the start' : `Branch from iteration ${from.iteration}`}
      onClose={onClose}
      footer={
        <button
          type="button"
          className="button is-primary"
          onClick={() => {
            void session.branch(from.blob, {
              name: name.trim(),
              settings,
              ...(aims === 'chosen' && { goalposts }),
            });
            onClose();
          }}
        >
          Branch and run
        </button>
      }
    >
      <div className="branch-top">
        <label htmlFor={nameField}>Name</label>
        <input
          id={nameField}
          className="field"
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <fieldset className="branch-aims">
        <legend>Goalposts</legend>
        <label>
          <input type="radio" name="aims" checked={aims === 'its'} onChange={() => setAims('its')} /> its own{' '}
          {state?.goalposts.length}
        </label>
        <label>
          <input
            type="radio"
            name="aims"
            checked={aims === 'chosen'}
            disabled={goalposts.length === 0}
            onChange={() => setAims('chosen')}
          />{' '}
          the {goalposts.length} chosen for the next run
        </label>
        <button type="button" className="link" onClick={onChoose}>
          choose others
        </button>
      </fieldset>
      <SettingsForm settings={settings} fixed={false} onChange={setSettings} />
    </Sheet>
  );
}
