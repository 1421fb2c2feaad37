/** In which settings the next run differs from the defaults, each with a way back. */
import { changedSettings } from '../../gasp/changedSettings.ts';
import { checkSettings, withMethod } from '../../gasp/defaults.ts';
import { type SettingName, SETTINGS } from '../../gasp/settings.ts';
import { settingWords } from '../../gasp/settingWords.ts';
import { typedSettings } from '../store/choices.ts';
import { defaultsFor } from '../store/keptChoices.ts';
import { useActions, usePage } from '../store/usePage.ts';
import './Changes.css';

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
              {SETTINGS[name].label}:{' '}
              <strong>{name in errors ? 'unusable' : settingWords(name, settings)}</strong>{' '}
              <button
                type="button"
                className="link"
                aria-label={`Reset ${SETTINGS[name].label} to ${settingWords(name, defaults)}`}
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
