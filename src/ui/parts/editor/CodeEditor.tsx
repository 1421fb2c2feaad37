/** A program to read or write, in Monaco; until that is there, or where it cannot load, in a plain field. */
import { useEffect, useRef, useState } from 'react';
import type { OpenEditor } from './monaco.ts';
import './CodeEditor.css';

export function CodeEditor(props: {
  value: string;
  /** The text to compare with, side by side. */
  against?: string | undefined;
  onChange?: (value: string) => void;
  onSubmit?: () => void;
  /** A line that is wrong, and why. */
  problem?: { line: number; message: string } | undefined;
  label: string;
}) {
  const { value, against, onChange, problem, label } = props;
  const element = useRef<HTMLDivElement>(null);
  const opened = useRef<OpenEditor>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [state, setState] = useState<'loading' | 'open' | 'failed'>('loading');
  const readOnly = onChange === undefined;

  useEffect(() => {
    let gone = false;
    import('./monaco.ts').then(
      ({ openEditor }) => {
        if (gone || !element.current) return;
        opened.current = openEditor(element.current, {
          value: latest.current.value,
          against,
          readOnly,
          label,
          onChange: (next) => latest.current.onChange?.(next),
          onSubmit: () => latest.current.onSubmit?.(),
        });
        opened.current.mark(latest.current.problem);
        setState('open');
      },
      () => !gone && setState('failed'),
    );
    return () => {
      gone = true;
      opened.current?.dispose();
      opened.current = undefined;
    };
  }, [against, readOnly, label]);
  useEffect(() => opened.current?.setValue(value), [value]);
  useEffect(() => opened.current?.mark(problem), [problem]);

  return (
    <div className="code-editor" data-state={state}>
      {state !== 'open' && (
        <textarea
          className="code-plain"
          aria-label={label}
          spellCheck={false}
          readOnly={readOnly}
          value={value}
          onChange={(event) => onChange?.(event.target.value)}
        />
      )}
      <div className="code-monaco" translate="no" ref={element} hidden={state === 'failed'} />
      {state === 'failed' && (
        <p className="section-note">The editor could not load; this field does as well.</p>
      )}
      {problem && (
        <p className="code-problem" role="alert">
          {problem.message}
        </p>
      )}
      {state === 'open' && !readOnly && (
        <p className="code-hint">
          Tab indents; Ctrl+M lets it leave the editor. Ctrl+Enter {props.onSubmit ? 'tries it' : 'runs it'}.
        </p>
      )}
    </div>
  );
}
