/** A word of the field that explains itself where it stands. */
import { createContext, type ReactNode, useContext } from 'react';
import type { RunState } from '../../run/state.ts';
import { usePopover } from './popover.ts';
import { Source } from './Source.tsx';
import { type Definition, definitions, type TermName } from './terms.ts';
import './Term.css';

/** The run whose numbers the definitions use. */
const TermRun = createContext<RunState | null>(null);
/** The run's name alone, for components that need not follow the run. */
export const TermRunName = createContext('');

export function TermsOf({ run, children }: { run: RunState | null; children: ReactNode }) {
  return (
    <TermRun value={run}>
      <TermRunName value={run?.name ?? ''}>{children}</TermRunName>
    </TermRun>
  );
}

export function Term({ name, children }: { name: TermName; children: ReactNode }) {
  const { button, box, open } = usePopover<HTMLSpanElement>();
  return (
    <>
      <button type="button" className="term" {...button}>
        {children}
      </button>
      {/* Spans throughout: a term may stand in the middle of a paragraph. */}
      <span className="term-box box" {...box}>
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
          <Source citation={source} />
        </span>
      )}
    </>
  );
}
