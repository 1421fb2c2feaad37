/** What decides how the next run goes: grouped, each with a line that says what it does. */
import { type ReactNode, useId, useState } from 'react';
import {
  checkSettings,
  DEFAULT_SETTINGS,
  NUMBER_RULES,
  type SettingsErrors,
  withMethod,
} from '../gasp/defaults.ts';
import { ESTIMATOR_NAMES, ESTIMATORS } from '../gasp/estimators.ts';
import { METHOD_NAMES, METHODS, methodSettings } from '../gasp/methods.ts';
import type { Axis } from '../gasp/question.ts';
import type { MethodName, Settings } from '../gasp/settings.ts';
import { Sheet } from './Sheet.tsx';
import './SettingsSheet.css';

const kindNames = { system: 'Systems', ablation: 'Ablations', extension: 'Extensions' } as const;

type NumberField = keyof typeof NUMBER_RULES;

interface FormProps {
  settings: Settings;
  /** Set while a run is open: its settings are fixed, and shown as they are. */
  fixed: boolean;
  onChange: (settings: Settings) => void;
}

export function SettingsSheet({ onClose, ...props }: FormProps & { onClose: () => void }) {
  const { fixed, onChange } = props;
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
              onChange(DEFAULT_SETTINGS);
              setResets(resets + 1);
            }}
          >
            Back to the defaults
          </button>
        )
      }
    >
      <SettingsForm key={resets} {...props} />
    </Sheet>
  );
}

export function SettingsForm({ settings, fixed, onChange }: FormProps) {
  // What is typed may be unusable for a moment; only whole, valid settings are passed on.
  const [draft, setDraft] = useState(settings);
  const shown = fixed ? settings : methodSettings(draft);
  const method = METHODS[shown.method];
  /** What the method decides is shown, not chosen. */
  const held = (field: keyof Settings) => fixed || field in method.fixed;
  const errors: SettingsErrors = checkSettings(shown);
  const set = (part: Partial<Settings>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    if (Object.keys(checkSettings(next)).length === 0) onChange(next);
  };
  const number = (field: NumberField, name: string, note: string, step?: number) => (
    <NumberSetting
      name={name}
      note={note}
      value={shown[field]}
      error={errors[field]}
      rule={NUMBER_RULES[field]}
      fixed={held(field)}
      {...(step !== undefined && { step })}
      onChange={(value) => set({ [field]: value })}
    />
  );
  const toggle = (
    field: 'teacherReadsTitles' | 'liftSeesGoalpost' | 'convertTasks',
    name: string,
    note: string,
  ) => (
    <Setting name={name} note={note} error={errors[field]}>
      {(id) => (
        <input
          id={id}
          type="checkbox"
          checked={shown[field]}
          disabled={held(field)}
          onChange={(event) => set({ [field]: event.target.checked })}
        />
      )}
    </Setting>
  );
  const choice = <K extends 'estimator' | 'studentTrainsOn' | 'lemmaBand'>(
    field: K,
    name: string,
    note: string,
    options: [Settings[K], string][],
  ) => (
    <Setting name={name} note={note} error={errors[field]}>
      {(id) => (
        <select
          id={id}
          className="field"
          value={shown[field]}
          disabled={held(field)}
          onChange={(event) => set({ [field]: event.target.value as Settings[K] })}
        >
          {options.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Setting>
  );
  const setAxis = (axis: Axis, on: boolean) =>
    set({ axes: on ? [...shown.axes, axis] : shown.axes.filter((other) => other !== axis) });
  const { tuning } = shown;

  return (
    <>
      <Group title="Self-play">
        <Setting
          name="Method"
          note={
            <>
              {method.about}{' '}
              <a className="link" href={method.citation.url} target="_blank" rel="noreferrer">
                {method.citation.text}
              </a>
            </>
          }
          error={errors.method}
        >
          {(id) => (
            <select
              id={id}
              className="field"
              value={shown.method}
              disabled={fixed}
              onChange={(event) => set(withMethod(draft, event.target.value as MethodName))}
            >
              {(['system', 'ablation', 'extension'] as const).map((kind) => (
                <optgroup key={kind} label={kindNames[kind]}>
                  {METHOD_NAMES.filter((name) => METHODS[name].kind === kind && !METHODS[name].untrained).map(
                    (name) => (
                      <option key={name} value={name}>
                        {METHODS[name].title}
                      </option>
                    ),
                  )}
                </optgroup>
              ))}
            </select>
          )}
        </Setting>
        {number(
          'goalpostsPerIteration',
          'Goalposts an iteration',
          'How many are drawn; each gets one lemma.',
          1,
        )}
        {number('rollouts', 'Rollouts', 'Answers of the student to each question.', 1)}
        {number(
          'unguidedShare',
          'Unguided share',
          'Share of questions made up without a goalpost: guards against forgetting.',
          0.05,
        )}
        {number('lifts', 'Lifts', 'Made one from another after the lemma; 0 stops at the lemma.', 1)}
        {number('liftsPerLemma', 'Lifts of a lemma', 'Written side by side from each; the paper has 1.', 1)}
        {choice('lemmaBand', 'Lemmas are paid as', 'Lemmas near half solved, lifts near a tenth.', [
          ['lemma', 'lemmas'],
          ['lift', 'lifts'],
        ])}
        {number(
          'realShare',
          'Real share',
          'Share of questions that are the bank’s own, goalposts among them.',
          0.05,
        )}
        {number(
          'goalpostsAtOnce',
          'Goalposts at once',
          'Aimed at until a trial solves them, then the next; 0: all, all along.',
          1,
        )}
        {number('replay', 'Replay', 'Earlier accepted questions that the student practises again.', 1)}
        <Setting name="Axes" note="What may change from goalpost to lemma to lift." error={errors.axes}>
          {(id) => (
            <span className="setting-pair">
              <label>
                <input
                  id={id}
                  type="checkbox"
                  checked={shown.axes.includes('io')}
                  disabled={held('axes')}
                  onChange={(event) => setAxis('io', event.target.checked)}
                />{' '}
                I/O
              </label>
              <label>
                <input
                  type="checkbox"
                  checked={shown.axes.includes('f')}
                  disabled={held('axes')}
                  onChange={(event) => setAxis('f', event.target.checked)}
                />{' '}
                f
              </label>
            </span>
          )}
        </Setting>
        {number(
          'noveltyThreshold',
          'Novelty',
          'Similarity above which a proposal is a copy; 1 turns it off.',
          0.01,
        )}
        {number(
          'noveltyWindow',
          'Novelty window',
          'Last accepted questions it must differ from; 0: all of the run’s, as in the paper.',
          1,
        )}
        {toggle(
          'teacherReadsTitles',
          'Teacher reads titles',
          'Off: it sees a goalpost’s examples only, as the student does.',
        )}
        {toggle('liftSeesGoalpost', 'Lift sees the goalpost', 'An ablation: teachers then copy its surface.')}
      </Group>
      <Group title="Training">
        {choice(
          'estimator',
          'Estimator',
          ESTIMATORS[shown.estimator].note,
          ESTIMATOR_NAMES.map((name) => [name, ESTIMATORS[name].label]),
        )}
        {number('learningRate', 'Learning rate', "AdamW's step size, the same all along.", 1e-4)}
        <Setting
          name="Trained weights"
          note="LoRA trains small adapters, which forget less than all weights do."
          error={errors.tuning}
        >
          {(id) => (
            <span className="setting-pair">
              <select
                id={id}
                className="field"
                value={tuning.kind}
                disabled={fixed}
                onChange={(event) =>
                  set({
                    tuning:
                      event.target.value === 'full' ? { kind: 'full' } : { kind: 'lora', rank: 8, alpha: 16 },
                  })
                }
              >
                <option value="lora">LoRA</option>
                <option value="full">all</option>
              </select>
              {tuning.kind === 'lora' && (
                <label>
                  rank{' '}
                  <input
                    className="field"
                    type="number"
                    min={1}
                    step={1}
                    value={Number.isNaN(tuning.rank) ? '' : tuning.rank}
                    disabled={fixed}
                    onChange={(event) => {
                      const rank = event.target.valueAsNumber;
                      set({
                        tuning: { ...tuning, rank, alpha: Number.isNaN(rank) ? tuning.alpha : 2 * rank },
                      });
                    }}
                  />
                </label>
              )}
              {tuning.kind === 'lora' && (
                <label>
                  last layers{' '}
                  <input
                    className="field"
                    type="number"
                    min={1}
                    step={1}
                    placeholder="all"
                    value={Number.isNaN(tuning.layers) ? '' : (tuning.layers ?? '')}
                    disabled={fixed}
                    onChange={(event) => {
                      const { layers: _, ...rest } = tuning;
                      const layers = event.target.value === '' ? {} : { layers: event.target.valueAsNumber };
                      set({ tuning: { ...rest, ...layers } });
                    }}
                  />
                </label>
              )}
            </span>
          )}
        </Setting>
        {number(
          'minibatch',
          'Mini-batch',
          'Texts in one optimizer step, about; several steps an iteration.',
          1,
        )}
        {number('epochs', 'Epochs', 'Passes over an iteration’s texts.', 1)}
        {number('clip', 'Clip', "PPO's clip of the ratio; 0 turns the ratio off.", 0.05)}
        {number('klWeight', 'KL to the start', 'Holds on to the starting model; 0 turns it off.', 0.01)}
        {number('maxGradNorm', 'Gradient clip', 'A gradient longer than this is shortened to it.', 0.1)}
        {number(
          'weightDecay',
          'Weight decay',
          'Pulls the trained weights towards zero a little; 0 turns it off.',
          0.01,
        )}
        {number(
          'adamEpsilon',
          'Adam’s epsilon',
          'Leaves weights alone whose gradient is much smaller; 1e-8 is usual.',
        )}
        {choice('studentTrainsOn', 'Student trains on', 'Questions in their band, or every valid one.', [
          ['accepted', 'accepted questions'],
          ['valid', 'all valid questions'],
        ])}
        {toggle('convertTasks', 'Deduction and abduction', 'Some accepted questions are turned into these.')}
        {number(
          'teacherWeight',
          'Teacher’s weight',
          'Scales the teacher’s advantages; 0 trains only the student’s answers.',
          0.05,
        )}
      </Group>
      <Group title="Sampling">
        {number('temperature', 'Temperature', '1 samples from the model as it is.', 0.1)}
        {number('topP', 'Top-p', '1 keeps the whole distribution.', 0.05)}
        {number('seed', 'Seed', 'The same seed on the same backend gives the same run.', 1)}
      </Group>
      <Group title="Keeping score, memory">
        {number(
          'evaluateEvery',
          'Try goalposts every',
          'Iterations between trials of all goalposts; 0 never.',
          1,
        )}
        {number('evaluateSamples', 'Answers for each', 'Fresh answers to a goalpost in such a trial.', 1)}
        {number('checkpointEvery', 'Keep a checkpoint every', 'Iterations; the newest is always there.', 1)}
        {number(
          'microbatchTokens',
          'Micro-batch',
          'Tokens at once in an update: bounds its memory; smaller is slower.',
          1024,
        )}
      </Group>
    </>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="settings-group">
      <legend className="eyebrow">{title}</legend>
      {children}
    </fieldset>
  );
}

function Setting(props: {
  name: string;
  note: ReactNode;
  error: string | undefined;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="setting">
      <label htmlFor={id}>{props.name}</label>
      <div className="setting-value">{props.children(id)}</div>
      <p id={`${id}-note`}>{props.error ? <strong role="alert">{props.error}</strong> : props.note}</p>
    </div>
  );
}

function NumberSetting(props: {
  name: string;
  note: string;
  value: number;
  error: string | undefined;
  rule: { min: number; max: number };
  step?: number;
  fixed: boolean;
  onChange: (value: number) => void;
}) {
  return (
    <Setting name={props.name} note={props.note} error={props.error}>
      {(id) => (
        <input
          id={id}
          className="field"
          type="number"
          min={props.rule.min}
          max={props.rule.max}
          step={props.step ?? 'any'}
          value={Number.isNaN(props.value) ? '' : props.value}
          disabled={props.fixed}
          aria-invalid={props.error !== undefined}
          aria-describedby={`${id}-note`}
          onChange={(event) => props.onChange(event.target.valueAsNumber)}
        />
      )}
    </Setting>
  );
}
