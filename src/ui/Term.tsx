/** A word of the field that explains itself where it stands. */
import { createContext, type ReactNode, useContext, useId, useRef, useState } from 'react';
import type { RunState } from '../run/state.ts';
import { type Definition, definitions, type TermName } from './terms.ts';
import './Term.css';

/** The run whose numbers the definitions use. */
const TermRun = createContext<RunState | null>(null);
/** Its name alone, for what need not follow every moment of it. */
export const TermRunName = createContext('');

export function TermsOf({ run, children }: { run: RunState | null; children: ReactNode }) {
  return (
    <TermRun value={run}>
      <TermRunName value={run?.name ?? ''}>{children}</TermRunName>
    </TermRun>
  );
}

export function Term({ name, children }: { name: TermName; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLSpanElement>(null);
  const [open, setOpen] = useState(false);
  const place = () => {
    if (!button.current || !box.current) return;
    const anchor = button.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = box.current;
    const below = anchor.bottom + offsetHeight + 12 < window.innerHeight;
    box.current.style.left = `${Math.max(12, Math.min(anchor.left, window.innerWidth - offsetWidth - 12))}px`;
    box.current.style.top = `${below ? anchor.bottom + 8 : Math.max(12, anchor.top - offsetHeight - 8)}px`;
  };
  return (
    <>
      <button type="button" className="term" ref={button} popoverTarget={id}>
        {children}
      </button>
      {/* Spans throughout: a term may stand in the middle of a paragraph. */}
      <span
        className="term-box"
        id={id}
        ref={box}
        popover="auto"
        onToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'open') requestAnimationFrame(place);
        }}
      >
        {open && <DefinitionText definition={definitions[name]} />}
      </span>
    </>
  );
}

export function DefinitionText({ definition }: { definition: Definition }) {
  const state = useContext(TermRun);
  const { text, formula, source } = definition;
  const here = state ? definition.here?.(state) : undefined;
  return (
    <>
      {text.map((paragraph) => (
        <span key={paragraph}>{paragraph}</span>
      ))}
      {formula && <span className="term-formula">{formula}</span>}
      {here && <span className="term-here">In this run: {here}</span>}
      {source && (
        <span className="term-source">
          <a className="link" href={source.url} target="_blank" rel="noreferrer">
            {source.text}
          </a>
        </span>
      )}
    </>
  );
}
