/** Methods and seeds to run one after another with the same budget, and how far they are. */
import { useId, useState } from 'react';
import { METHOD_NAMES, type MethodName, METHODS } from '../../gasp/methods.ts';
import { isBusy } from '../store/lab.ts';
import { cannotRun } from '../store/platform.ts';
import type { Queue } from '../store/queue.ts';
import { useActions, usePage } from '../store/usePage.ts';

/** Seeds as a person writes them: `1, 2, 3`. Null where something else stands there. */
export function readSeeds(text: string): number[] | null {
  const seeds = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  const isFine =
    seeds.length > 0 && seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
  return isFine ? [...new Set(seeds)] : null;
}

/** `onCompare` is given the ids of the runs that were begun. */
export function CompareQueue({ onCompare }: { onCompare: (runs: string[]) => void }) {
  const { queue } = usePage('queue');
  return (
    <details className="compare-queue" open={queue !== null}>
      <summary>Run methods and seeds one after another</summary>
      {queue ? <Progress queue={queue} onCompare={onCompare} /> : <Begin />}
    </details>
  );
}

function Begin() {
  const { status, chosen } = usePage('status', 'chosen');
  const { queues } = useActions();
  const [methods, setMethods] = useState<ReadonlySet<MethodName>>(new Set(['gasp-hindsight', 'azr']));
  const [seeds, setSeeds] = useState('1, 2, 3');
  const [amount, setAmount] = useState(5);
  const [unit, setUnit] = useState<'minutes' | 'thousand tokens'>('minutes');
  const wrong = useId();
  const numbers = readSeeds(seeds);
  const count = methods.size * (numbers?.length ?? 0);
  const toggle = (name: MethodName) => {
    const next = new Set(methods);
    if (!next.delete(name)) next.add(name);
    setMethods(next);
  };
  return (
    <>
      <fieldset className="compare-runs">
        <legend className="eyebrow">Methods</legend>
        {METHOD_NAMES.filter((name) => name !== 'base').map((name) => (
          <label key={name}>
            <input type="checkbox" checked={methods.has(name)} onChange={() => toggle(name)} />{' '}
            {METHODS[name].title}
          </label>
        ))}
      </fieldset>
      <div className="compare-tools">
        <label>
          Seeds{' '}
          <input
            className="field"
            value={seeds}
            aria-invalid={numbers === null}
            aria-describedby={wrong}
            onChange={(event) => setSeeds(event.target.value)}
          />
        </label>
        <label>
          Budget of each{' '}
          <input
            className="field compare-amount"
            type="number"
            min={1}
            value={amount}
            onChange={(event) => setAmount(Math.max(1, event.target.valueAsNumber || 1))}
          />
        </label>
        <select
          className="field"
          aria-label="Unit of the budget"
          value={unit}
          onChange={(event) => setUnit(event.target.value as typeof unit)}
        >
          <option>minutes</option>
          <option>thousand tokens</option>
        </select>
        <button
          type="button"
          className="button"
          disabled={count === 0 || chosen.size === 0 || isBusy(status) || cannotRun !== null}
          onClick={() =>
            queues.begin(
              METHOD_NAMES.filter((name) => methods.has(name)),
              numbers!,
              unit === 'minutes' ? { seconds: amount * 60 } : { tokens: amount * 1000 },
            )
          }
        >
          Start {count === 1 ? 'one run' : `${count} runs`}
        </button>
      </div>
      <p className="section-note" id={wrong}>
        {numbers === null
          ? 'Seeds are whole numbers with commas between them, such as 1, 2, 3.'
          : `With the settings, model and goalposts that are chosen for the next run${unit === 'minutes' && count > 0 ? `: ${amount * count} minutes or a little more` : ''}. They run in this tab; after a reload they go on where they were.`}
      </p>
    </>
  );
}

function Progress({ queue, onCompare }: { queue: Queue; onCompare: (runs: string[]) => void }) {
  const { queueGoes, runs, status } = usePage('queueGoes', 'runs', 'status');
  const { queues } = useActions();
  const names = new Map(runs.map(({ run, name }) => [run, name]));
  const done = queue.runs.filter((one) => one.done).length;
  const at = queue.runs.findIndex((one) => !one.done);
  const begun = queue.runs.flatMap(({ run }) => (run !== undefined && names.has(run) ? [run] : []));
  return (
    <>
      <p role="status">
        {done} of {queue.runs.length} runs are done{queueGoes ? '.' : at < 0 ? '.' : '; the rest waits.'}
      </p>
      <ol className="compare-jobs">
        {queue.runs.map(({ method, seed, run, done: isDone }, i) => (
          <li key={`${method} ${seed}`}>
            {METHODS[method].title}, seed {seed}
            <span className="section-note">
              {' '}
              {isDone ? 'done' : i === at && queueGoes ? 'runs' : run === undefined ? '' : 'begun'}
              {run !== undefined && names.has(run) && `, as ${names.get(run)}`}
            </span>
          </li>
        ))}
      </ol>
      <p className="compare-tools">
        {!queueGoes && at >= 0 && (
          <button
            type="button"
            className="button is-primary"
            disabled={isBusy(status) || cannotRun !== null}
            onClick={() => void queues.goOn()}
          >
            Go on
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={begun.length === 0}
          onClick={() => onCompare(begun)}
        >
          Compare these
        </button>
        <button type="button" className="button" disabled={queueGoes} onClick={() => queues.drop()}>
          {at < 0 ? 'Start others' : 'Drop the rest'}
        </button>
        {queueGoes && <span className="section-note">Pause stops it between two iterations.</span>}
      </p>
    </>
  );
}
