/** In which settings the next run differs from the defaults, each with a way back. */
import { changedSettings } from '../../gasp/changedSettings.ts';
import { METHODS } from '../../gasp/methods.ts';
import { type SettingName, SETTINGS, type Settings } from '../../gasp/settings.ts';
import type { Setting } from '../../gasp/settingKinds.ts';
import { checkSettings, withMethod } from '../../gasp/defaults.ts';
import { typedSettings } from '../store/choices.ts';
import { defaultsFor } from '../store/keptChoices.ts';
import { useActions, usePage } from '../store/usePage.ts';
import './Changes.css';

function words(name: SettingName, settings: Settings): string {
  if (name === 'method') return METHODS[settings.method].title;
  const setting: Setting = SETTINGS[name];
  const value: unknown = settings[name];
  const labelOf = (one: unknown) =>
    'options' in setting
      ? (setting.options.find((option) => option.value === one)?.label ?? String(one))
      : '';
  switch (setting.kind) {
    case 'toggle':
      return value ? 'on' : 'off';
    case 'choice':
      return labelOf(value);
    case 'several':
      return (value as unknown[]).map(labelOf).join(', ');
    case 'tuning':
      return settings.tuning.kind === 'full' ? 'all weights' : `LoRA, rank ${settings.tuning.rank}`;
    default:
      return String(value);
  }
}

/** More of them, as in a recipe of an older version, are listed on demand. */
const FEW = 6;

/** Nothing where all are the defaults. */
export function Changes() {
  const page = usePage('settings', 'unusable', 'model');
  const { choices } = useActions();
  const settings = typedSettings(page);
  const errors = checkSettings(settings);
  const defaults = defaultsFor(page.model);
  const changed = changedSettings(settings, defaults);
  if (changed.length === 0) return null;
  const reset = (name: SettingName) =>
    choices.setSettings(
      name === 'method' ? withMethod(settings, defaults.method) : { [name]: defaults[name] },
    );
  return (
    <section aria-label="Changed settings">
      <details className="changes" open={changed.length <= FEW}>
        <summary>
          {changed.length} {changed.length === 1 ? 'change' : 'changes'} from the defaults
        </summary>
        <ul>
          {changed.map((name) => (
            <li key={name}>
              {SETTINGS[name].label}: <strong>{name in errors ? 'unusable' : words(name, settings)}</strong>{' '}
              <button
                type="button"
                className="link"
                aria-label={`Reset ${SETTINGS[name].label} to ${words(name, defaults)}`}
                onClick={() => reset(name)}
              >
                reset
              </button>
            </li>
          ))}
        </ul>
        {changed.length > 1 && (
          <button type="button" className="link" onClick={() => choices.setSettings(defaults)}>
            Reset all
          </button>
        )}
      </details>
    </section>
  );
}
