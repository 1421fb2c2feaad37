/** Says beside a button why no run can start with the settings as they were typed; nothing where one can. */
import type { SettingsErrors } from '../../gasp/defaults.ts';
import { type SettingName, SETTINGS } from '../../gasp/settings.ts';

export function SettingsProblem({ id, errors }: { id: string; errors: SettingsErrors }) {
  const wrong = Object.entries(errors) as [SettingName, string][];
  if (wrong.length === 0) return null;
  const list = wrong.map(([name, error]) => `${SETTINGS[name].label}: ${error}`);
  return (
    <p className="section-note" id={id}>
      No run can start with these settings. <strong>{list.join(' ')}</strong>
    </p>
  );
}
