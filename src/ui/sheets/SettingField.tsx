/** One setting: its name, its note or its error, and its control. */
import { useId } from 'react';
import {
  type ChoiceSetting,
  LORA_RULES,
  numberError,
  type NumberRule,
  type Setting,
  type SeveralSetting,
  type TuningSetting,
} from '../../gasp/settingKinds.ts';
import type { Tuning } from '../../util/tuning.ts';
import { Source } from '../parts/Source.tsx';

interface FieldProps<S extends Setting> {
  setting: S;
  /** A value of the setting's kind; NaN in place of a number that is being typed. */
  value: unknown;
  error: string | undefined;
  /** The setting can only be read. */
  fixed: boolean;
  onChange: (value: unknown) => void;
}
type ControlProps<S extends Setting> = FieldProps<S> & { id: string };

export function SettingField(props: FieldProps<Setting>) {
  const id = useId();
  const { setting, value, error } = props;
  const chosen = setting.kind === 'choice' ? setting.options.find((one) => one.value === value) : undefined;
  return (
    <div className="setting">
      <label htmlFor={id}>{setting.label}</label>
      <div className="setting-value">
        <Control {...props} id={id} />
      </div>
      <p id={`${id}-note`}>
        {error ? (
          <strong role="alert">{error}</strong>
        ) : (
          <>
            {chosen?.note ?? setting.note} {chosen?.source && <Source citation={chosen.source} />}
          </>
        )}
      </p>
    </div>
  );
}

function Control({ setting, ...props }: ControlProps<Setting>) {
  const { id, value, error, fixed, onChange } = props;
  switch (setting.kind) {
    case 'number':
      return (
        <NumberInput
          id={id}
          aria-invalid={error !== undefined}
          aria-describedby={`${id}-note`}
          rule={setting}
          step={setting.step ?? 'any'}
          value={value as number}
          disabled={fixed}
          onChange={onChange}
        />
      );
    case 'toggle':
      return (
        <input
          id={id}
          type="checkbox"
          checked={value as boolean}
          disabled={fixed}
          onChange={(event) => onChange(event.target.checked)}
        />
      );
    case 'choice':
      return <Choice {...props} setting={setting} />;
    case 'several':
      return <Several {...props} setting={setting} />;
    case 'tuning':
      return <TuningControl {...props} setting={setting} />;
  }
}

function NumberInput(props: {
  id: string;
  /** Stands before it where it is a part of a setting. */
  label?: string;
  'aria-invalid'?: boolean;
  'aria-describedby'?: string;
  rule: NumberRule;
  step: number | 'any';
  placeholder?: string;
  /** NaN for none. */
  value: number;
  disabled: boolean;
  onChange: (value: number) => void;
}) {
  const { label, rule, value, onChange, ...rest } = props;
  const input = (
    <input
      {...rest}
      className="field"
      type="number"
      min={rule.min}
      max={rule.max}
      value={Number.isNaN(value) ? '' : value}
      onChange={(event) => onChange(event.target.valueAsNumber)}
    />
  );
  return label === undefined ? (
    input
  ) : (
    <label htmlFor={rest.id}>
      {label} {input}
    </label>
  );
}

function Choice({ id, setting, value, fixed, onChange }: ControlProps<ChoiceSetting<string>>) {
  const offered = setting.options.filter((one) => !one.unlisted || one.value === value);
  const underHeadings = [...new Set(offered.map(({ heading }) => heading))].map((heading) => {
    const options = offered
      .filter((one) => one.heading === heading)
      .map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ));
    return heading === undefined ? (
      options
    ) : (
      <optgroup key={heading} label={heading}>
        {options}
      </optgroup>
    );
  });
  return (
    <select
      id={id}
      className="field"
      value={value as string}
      disabled={fixed}
      onChange={(event) => onChange(event.target.value)}
    >
      {underHeadings}
    </select>
  );
}

function Several({ id, setting, value, error, fixed, onChange }: ControlProps<SeveralSetting<string>>) {
  const chosen = value as string[];
  return (
    <span className="setting-pair">
      {setting.options.map((one, i) => (
        <label key={one.value}>
          <input
            {...(i === 0 && { id })}
            type="checkbox"
            aria-invalid={error !== undefined}
            aria-describedby={`${id}-note`}
            checked={chosen.includes(one.value)}
            disabled={fixed}
            onChange={(event) =>
              onChange(
                event.target.checked ? [...chosen, one.value] : chosen.filter((other) => other !== one.value),
              )
            }
          />{' '}
          {one.label}
        </label>
      ))}
    </span>
  );
}

function TuningControl({ id, setting, value, fixed, onChange }: ControlProps<TuningSetting>) {
  const tuning = value as Tuning;
  const set = (changed: Tuning) => onChange(changed);
  return (
    <span className="setting-pair">
      <select
        id={id}
        className="field"
        value={tuning.kind}
        disabled={fixed}
        onChange={(event) => set(event.target.value === 'full' ? { kind: 'full' } : setting.default)}
      >
        <option value="lora">LoRA</option>
        <option value="full">all</option>
      </select>
      {tuning.kind === 'lora' && (
        <>
          <NumberInput
            id={`${id}-rank`}
            label="rank"
            aria-invalid={numberError(tuning.rank, LORA_RULES.rank) !== undefined}
            aria-describedby={`${id}-note`}
            rule={LORA_RULES.rank}
            step={1}
            value={tuning.rank}
            disabled={fixed}
            onChange={(rank) => set({ ...tuning, rank, alpha: Number.isNaN(rank) ? tuning.alpha : 2 * rank })}
          />
          <NumberInput
            id={`${id}-layers`}
            label="last layers"
            aria-invalid={
              tuning.layers !== undefined && numberError(tuning.layers, LORA_RULES.layers) !== undefined
            }
            aria-describedby={`${id}-note`}
            rule={LORA_RULES.layers}
            step={1}
            placeholder="all"
            value={tuning.layers ?? Number.NaN}
            disabled={fixed}
            onChange={(layers) => {
              const { layers: _, ...rest } = tuning;
              set(Number.isNaN(layers) ? rest : { ...rest, layers });
            }}
          />
        </>
      )}
    </span>
  );
}
