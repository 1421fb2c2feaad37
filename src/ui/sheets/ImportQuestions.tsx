/** Questions of other banks: from a file that is chosen or dropped, an address, or pasted text. */
import { type DragEvent, useId, useState } from 'react';
import { readBankText } from '../../banks/bankText.ts';
import { describeFault, type Problem, type RowFault } from '../../banks/problem.ts';
import { useActions } from '../store/usePage.ts';
import './ImportQuestions.css';

interface Outcome {
  name: string;
  questions: number;
  /** Of a large file: questions that nothing trains on. */
  heldout: number;
  validation: number;
  left: { problem: Problem; why: string }[];
  faults: RowFault[];
}

export function ImportQuestions({ onImported }: { onImported: () => void }) {
  const { choices } = useActions();
  const [busy, setBusy] = useState('');
  const [error, setError] = useState('');
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [over, setOver] = useState(false);
  const [address, setAddress] = useState('');
  const [pasted, setPasted] = useState('');
  const ids = { file: useId(), address: useId(), paste: useId() };

  const take = async (name: string, read: () => Promise<string>) => {
    setBusy(`Reading ${name}`);
    setError('');
    setOutcome(null);
    try {
      const text = await read();
      // Readers and the judge load when they are first needed.
      const { importText } = await import('../store/importText.ts');
      const imported = await importText(text, name, setBusy);
      const { questions, heldout, validation, left, faults } = imported;
      if (questions.length + left.length + faults.length === 0) throw new Error(`${name} is empty.`);
      choices.addQuestions([...questions, ...heldout, ...validation]);
      const kept = { heldout: heldout.length, validation: validation.length };
      setOutcome({ name, questions: questions.length, ...kept, left, faults });
      if (questions.length > 0) onImported();
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    } finally {
      setBusy('');
    }
  };
  const takeFile = (file: File | undefined) =>
    file && take(file.name, () => readBankText(file.stream(), file.name));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void takeFile(event.dataTransfer.files[0]);
  };
  return (
    <details className="import">
      <summary>Import questions</summary>
      <p className="section-note">
        HumanEval, MBPP, EvalPlus, CRUXEval, LiveCodeBench, or{' '}
        <a href="schema/problem.schema.json">rows of our own</a>, as JSON or JSONL. Programs in the file run
        in the sandbox only. Files may be compressed by gzip.
      </p>
      <section
        className={over ? 'import-drop is-over' : 'import-drop'}
        aria-label="Drop a file here"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <label htmlFor={ids.file}>Choose a file, or drop it here</label>
        <input
          id={ids.file}
          type="file"
          accept=".json,.jsonl,.ndjson,.gz,application/json,application/gzip"
          disabled={busy !== ''}
          onChange={(event) => {
            void takeFile(event.target.files?.[0]);
            event.target.value = '';
          }}
        />
      </section>
      <form
        className="import-row"
        onSubmit={(event) => {
          event.preventDefault();
          void take(address, () => fetchText(address));
        }}
      >
        <label htmlFor={ids.address}>Address</label>
        <input
          id={ids.address}
          className="field"
          type="url"
          required
          placeholder="https://…/problems.jsonl"
          value={address}
          onChange={(event) => setAddress(event.target.value)}
        />
        <button type="submit" className="button" disabled={busy !== ''}>
          Load
        </button>
      </form>
      <form
        className="import-row"
        onSubmit={(event) => {
          event.preventDefault();
          void take('Pasted text', async () => pasted);
        }}
      >
        <label htmlFor={ids.paste}>Pasted rows</label>
        <textarea
          id={ids.paste}
          className="field"
          rows={2}
          required
          spellCheck={false}
          value={pasted}
          onChange={(event) => setPasted(event.target.value)}
        />
        <button type="submit" className="button" disabled={busy !== ''}>
          Read
        </button>
      </form>
      <div role="status">
        {busy && <p className="section-note">{busy}…</p>}
        {outcome && <Summary {...outcome} />}
      </div>
      {error && (
        <p className="sheet-problem" role="alert">
          {error}
        </p>
      )}
    </details>
  );
}

function Summary({ name, questions, heldout, validation, left, faults }: Outcome) {
  return (
    <>
      <p className="section-note">
        {name}: {questions} {questions === 1 ? 'question' : 'questions'} added
        {heldout > 0 && `, ${heldout} held out, ${validation} for choosing checkpoints`}
        {left.length > 0 && `, ${left.length} that cannot be asked for as a program`}
        {faults.length > 0 && `, ${faults.length} bad ${faults.length === 1 ? 'row' : 'rows'}`}.
      </p>
      {faults.length > 0 && (
        <ul className="import-list" aria-label="Bad rows">
          {faults.slice(0, 50).map((fault) => (
            <li key={`${fault.line} ${fault.field}`}>{describeFault(fault)}</li>
          ))}
        </ul>
      )}
      {left.length > 0 && (
        <details>
          <summary>Left out ({left.length})</summary>
          <ul className="import-list">
            {left.slice(0, 100).map(({ problem, why }) => (
              <li key={problem.id}>
                {problem.id}: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

async function fetchText(address: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new Error(
      `${address} cannot be read from this page: it is not there, or its host does not let other pages read it. Download it and choose the file instead.`,
    );
  }
  if (!response.ok) throw new Error(`${address} answered ${response.status}. Check the address.`);
  return response.body ? readBankText(response.body, address) : '';
}
