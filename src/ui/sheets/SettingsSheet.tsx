/** The settings of the next run, in groups, each with a note. */
import { useState } from 'react';
import { checkSettings, DEFAULT_SETTINGS, withMethod } from '../../gasp/defaults.ts';
import { type MethodName, METHODS, methodSettings } from '../../gasp/methods.ts';
import { type Setting, SETTING_GROUPS, type SettingGroup } from '../../gasp/settingKinds.ts';
import { SETTING_NAMES, type SettingName, SETTINGS, type Settings } from '../../gasp/settings.ts';
import { SettingField } from './SettingField.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { Sheet } from './Sheet.tsx';
import './SettingsSheet.css';

interface FormProps {
  settings: Settings;
  /** Set while a run is open: its settings are fixed, and shown as they are. */
  fixed: boolean;
  onChange: (settings: Settings) => void;
}

export function SettingsSheet({ onClose }: { onClose: () => void }) {
  const page = usePage('open', 'settings');
  const { choices } = useActions();
  const fixed = page.open !== null;
  const [resets, setResets] = useState(0);
  return (
    <Sheet
      title={fixed ? 'Settings of this run' : 'Settings of the next run'}
      onClose={onClose}
      footer={
        fixed ? (
          <span className="section-note">
            A run keeps its settings. Branch off one of its checkpoints, or start a new one, to change them.
          </span>
        ) : (
          <button
            type="button"
            className="button"
            onClick={() => {
              choices.setSettings(DEFAULT_SETTINGS);
              setResets(resets + 1);
            }}
          >
            Back to the defaults
          </button>
        )
      }
    >
      <SettingsForm
        key={resets}
        settings={page.open?.settings ?? page.settings}
        fixed={fixed}
        onChange={choices.setSettings}
      />
    </Sheet>
  );
}

const groups = Object.entries(SETTING_GROUPS) as [SettingGroup, string][];
const isAdvanced = (name: SettingName) => (SETTINGS[name] as Setting).advanced === true;

export function SettingsForm({ settings, fixed, onChange }: FormProps) {
  // A typed value may be invalid for a moment; only whole, valid settings are passed on.
  const [draft, setDraft] = useState(settings);
  const shown = fixed ? settings : methodSettings(draft);
  const errors = checkSettings(shown);
  /** A setting that the method fixes is shown and cannot be changed. */
  const held = (name: SettingName) => fixed || name in METHODS[shown.method].fixed;
  const set = (name: SettingName, value: unknown) => {
    const next = name === 'method' ? withMethod(draft, value as MethodName) : { ...draft, [name]: value };
    setDraft(next);
    if (Object.keys(checkSettings(next)).length === 0) onChange(next);
  };
  const fields = (advanced: boolean) =>
    groups.map(([group, title]) => {
      const names = SETTING_NAMES.filter(
        (name) => SETTINGS[name].group === group && isAdvanced(name) === advanced,
      );
      if (names.length === 0) return null;
      return (
        <fieldset key={group} className="settings-group">
          <legend className="eyebrow">{title}</legend>
          {names.map((name) => (
            <SettingField
              key={name}
              setting={SETTINGS[name]}
              value={shown[name]}
              error={errors[name]}
              fixed={held(name)}
              onChange={(value) => set(name, value)}
            />
          ))}
        </fieldset>
      );
    });
  // Advanced settings are open where one of them was changed.
  const [hasChanged] = useState(() =>
    SETTING_NAMES.some(
      (name) => isAdvanced(name) && JSON.stringify(shown[name]) !== JSON.stringify(SETTINGS[name].default),
    ),
  );
  return (
    <>
      {fields(false)}
      <details className="settings-advanced" open={hasChanged}>
        <summary>Advanced</summary>
        {fields(true)}
      </details>
    </>
  );
}
