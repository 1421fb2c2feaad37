/** A new run from a checkpoint of the open one: with another method, other settings, other goalposts. */
import { useId, useState } from 'react';
import { chosenQuestions } from '../../gasp/bank.ts';
import { checkSettings } from '../../gasp/defaults.ts';
import { SettingsProblem } from '../parts/SettingsProblem.tsx';
import { SettingsForm } from './SettingsSheet.tsx';
import { Sheet } from './Sheet.tsx';
import type { BranchPoint } from '../store/openSheet.ts';
import { defaultsFor } from '../store/keptChoices.ts';
import { useActions, usePage } from '../store/usePage.ts';
import './BranchSheet.css';

export function BranchSheet({ from, onClose }: { from: BranchPoint; onClose: () => void }) {
  const page = usePage('open', 'bank', 'chosen');
  const { bank, chosen } = page;
  const open = page.open!;
  const { shelf, running, sheets } = useActions();
  const [settings, setSettings] = useState(open.settings);
  const [aims, setAims] = useState<'its' | 'chosen'>('its');
  // Until somebody names it, its name says the method.
  const [named, setName] = useState<string>();
  const name = named ?? shelf.freshName(settings.method);
  const nameField = useId();
  const problem = useId();
  const errors = checkSettings(settings);
  const refused = Object.keys(errors).length > 0;
  const goalposts = chosenQuestions(bank, chosen);
  return (
    <Sheet
      title={from.iteration === 0 ? 'Branch from the start' : `Branch from iteration ${from.iteration}`}
      onClose={onClose}
      footer={
        <>
          <SettingsProblem id={problem} errors={errors} />
          <button
            type="button"
            className="button is-primary"
            aria-describedby={refused ? problem : undefined}
            disabled={refused}
            onClick={() => {
              void running.branch(from.blob, {
                name: name.trim(),
                settings,
                ...(aims === 'chosen' && { goalposts }),
              });
              onClose();
            }}
          >
            Branch and run
          </button>
        </>
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
          {open.goalposts.length}
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
        <button type="button" className="link" onClick={() => sheets.open('bank')}>
          choose others
        </button>
      </fieldset>
      <SettingsForm
        settings={settings}
        defaults={defaultsFor(open.model)}
        fixed={false}
        onChange={setSettings}
      />
    </Sheet>
  );
}
