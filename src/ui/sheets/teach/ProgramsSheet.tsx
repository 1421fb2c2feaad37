/** Programs to read, side by side: what changed on the way from a goalpost to a lemma to a lift. */
import { useState } from 'react';
import { CodeEditor } from '../../parts/editor/CodeEditor.tsx';
import type { NamedProgram } from '../../store/openSheet.ts';
import { Sheet } from '../Sheet.tsx';
import './teach.css';

export function ProgramsSheet(props: {
  programs: NamedProgram[];
  /** The one to begin with, beside the one before it. */
  shown: number;
  onClose: () => void;
}) {
  const { programs, shown, onClose } = props;
  const [right, setRight] = useState(shown);
  const [left, setLeft] = useState(shown - 1);
  const choice = (label: string, value: number, set: (value: number) => void, none: boolean) => (
    <label className="teach-choice">
      <span>{label}</span>
      <select className="field" value={value} onChange={(event) => set(Number(event.target.value))}>
        {none && <option value={-1}>nothing</option>}
        {programs.map(({ name }, i) => (
          <option key={name} value={i}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <Sheet className="is-wide" title="Programs" onClose={onClose}>
      <div className="teach-choices">
        {programs.length > 1 && choice('Compare', left, setLeft, true)}
        {choice(programs.length > 1 ? 'with' : 'Program', right, setRight, false)}
      </div>
      <CodeEditor
        value={programs[right]!.program}
        against={programs[left]?.program}
        label={`Program of the ${programs[right]!.name}`}
      />
    </Sheet>
  );
}
