/**
 * The settings of the next run, in groups, each with a note: the few that people change in sight, all others behind
 * *Advanced*, and a search over both.
 */
import { useId, useState } from 'react';
import { changedSettings } from '../../gasp/changedSettings.ts';
import { checkSettings, withMethod } from '../../gasp/defaults.ts';
import { type MethodName, METHODS, methodSettings } from '../../gasp/methods.ts';
import { type Setting, SETTING_GROUPS, type SettingGroup } from '../../gasp/settingKinds.ts';
import { SETTING_NAMES, type SettingName, SETTINGS, type Settings } from '../../gasp/settings.ts';
import { SettingField } from './SettingField.tsx';
import { typedSettings } from '../store/choices.ts';
import { defaultsFor } from '../store/keptChoices.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { Sheet } from './Sheet.tsx';
import './SettingsSheet.css';

interface FormProps {
  /** As they were typed: some of them may be unusable. */
  settings: Settings;
  /** What they are where nobody changes any. */
  defaults: Settings;
  /** Set while a run is open: its settings are fixed, and shown as they are. */
  fixed: boolean;
  onChange: (settings: Settings) => void;
}

export function SettingsSheet({ onClose }: { onClose: () => void }) {
  const page = usePage('open', 'settings', 'unusable', 'model');
  const { choices } = useActions();
  const fixed = page.open !== null;
  const defaults = defaultsFor(page.open?.model ?? page.model);
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
              choices.setSettings(defaults);
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
        settings={page.open?.settings ?? typedSettings(page)}
        defaults={defaults}
        fixed={fixed}
        onChange={choices.setSettings}
      />
    </Sheet>
  );
}

const groups = Object.entries(SETTING_GROUPS) as [SettingGroup, string][];
const isBasic = (name: SettingName) => (SETTINGS[name] as Setting).basic === true;

/** All that a person may look for: what the setting is called, here and on the command line, and what it does. */
function found(name: SettingName, search: string): boolean {
  const { label, note } = SETTINGS[name];
  const text = `${label} ${note} ${name}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function SettingsForm({ settings, defaults, fixed, onChange }: FormProps) {
  const shown = methodSettings(settings);
  const errors = checkSettings(shown);
  const [search, setSearch] = useState('');
  const searchField = useId();
  const searching = search.trim() !== '';
  const names = SETTING_NAMES.filter((name) => found(name, search.trim()));
  const basic = names.filter(isBasic);
  const advanced = names.filter((name) => !isBasic(name));
  // Advanced settings are in sight where one of them was changed.
  const [open, setOpen] = useState(() => changedSettings(settings, defaults).some((name) => !isBasic(name)));
  /** A setting that the method fixes is shown and cannot be changed. */
  const held = (name: SettingName) => fixed || name in METHODS[shown.method].fixed;
  const set = (name: SettingName, value: unknown) =>
    onChange(name === 'method' ? withMethod(settings, value as MethodName) : { ...settings, [name]: value });
  const fields = (shownNames: SettingName[]) =>
    groups.map(([group, title]) => {
      const inGroup = shownNames.filter((name) => SETTINGS[name].group === group);
      if (inGroup.length === 0) return null;
      return (
        <fieldset key={group} className="settings-group">
          <legend className="eyebrow">{title}</legend>
          {inGroup.map((name) => (
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
  return (
    <>
      <div className="settings-search">
        <label className="visually-hidden" htmlFor={searchField}>
          Search settings
        </label>
        <input
          id={searchField}
          className="field"
          type="search"
          placeholder="Search settings"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <p className="section-note" role="status">
          {searching && `${names.length} of ${SETTING_NAMES.length} settings`}
        </p>
      </div>
      {fields(basic)}
      <details
        className="settings-advanced"
        hidden={advanced.length === 0}
        open={searching || open}
        onToggle={(event) => {
          if (!searching) setOpen(event.currentTarget.open);
        }}
      >
        <summary>Advanced</summary>
        {fields(advanced)}
      </details>
    </>
  );
}
