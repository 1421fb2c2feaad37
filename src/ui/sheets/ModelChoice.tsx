/** One model in the list: its name, its note, and the files of it that are here already. */
import { type ReactNode, useEffect, useId, useState } from 'react';
import { modelHost, modelSource, modelTitle } from '../../lab/models.ts';
import { removeStored, storedBytes } from 'onnx-lora';
import { bytes } from '../parts/format.ts';

export function Choice(props: {
  title: string;
  mark?: string | undefined;
  checked: boolean;
  disabled?: boolean;
  note: ReactNode;
  onChoose: () => void;
  children?: ReactNode;
}) {
  const id = useId();
  return (
    <div className="models-row" data-off={props.disabled || undefined}>
      <input
        type="radio"
        name="model"
        id={id}
        checked={props.checked}
        disabled={props.disabled}
        aria-describedby={`${id}-note`}
        onChange={props.onChoose}
      />
      <div>
        <label htmlFor={id}>
          {props.title}
          {props.mark && <span className="models-mark"> {props.mark}</span>}
        </label>
        <p id={`${id}-note`}>{props.note}</p>
        {props.children}
      </div>
    </div>
  );
}

/** The chosen model where it is none of those listed. */
export function ChosenElsewhere({ model }: { model: string }) {
  let title = model;
  let from = '';
  try {
    title = modelTitle(model);
    from = modelHost(model) ?? 'a folder on disk';
  } catch {
    // A run from elsewhere may name what no page knows: it is shown as it is called.
  }
  return (
    <Choice
      title={title}
      checked
      note={[from && `From ${from}`, model.split('#')[1]].filter(Boolean).join(', ')}
      onChoose={() => {}}
    >
      {from && <Stored model={model} />}
    </Choice>
  );
}

/** The files of a model in this browser, and a button that deletes them. */
export function Stored({ model }: { model: string }) {
  const source = modelSource(model);
  const base = source.kind === 'hub' || source.kind === 'url' ? source.base : undefined;
  const [stored, setStored] = useState(0);
  useEffect(() => {
    let current = true;
    if (base !== undefined) void storedBytes(base).then((size) => current && setStored(size));
    return () => {
      current = false;
    };
  }, [base]);
  if (base === undefined || stored === 0) return null;
  return (
    <p>
      {bytes(stored)} of it are in this browser.{' '}
      <button type="button" className="link" onClick={() => void removeStored(base).then(() => setStored(0))}>
        remove<span className="visually-hidden"> {source.kind === 'hub' ? source.title : 'it'}</span>
      </button>
    </p>
  );
}
