/** Chosen goalposts that the chosen model cannot read: told before a run would refuse them, and left out by one press. */
import { useMemo } from 'react';
import { chosenQuestions } from '../../gasp/bank.ts';
import { modelSource, modelTitle } from '../../lab/models.ts';
import { useActions, usePage } from '../store/usePage.ts';

/** Nothing where it reads all of them, or where only its files say what it reads. */
export function Unreadable() {
  const { bank, chosen, model } = usePage('bank', 'chosen', 'model');
  const { choices } = useActions();
  const found = useMemo(() => {
    const source = modelSource(model);
    if (source.kind !== 'embedded') return [];
    return chosenQuestions(bank, chosen).flatMap((question) => {
      const reason = source.dialect.unreadable?.(question);
      return reason ? [{ question, reason }] : [];
    });
  }, [bank, chosen, model]);
  const [first] = found;
  if (!first) return null;
  const { question, reason } = first;
  const ids = new Set(found.map(({ question: { id } }) => id));
  return (
    <p className="section-note welcome-unreadable">
      Of the {chosen.size} chosen goalposts {found.length} cannot be read by {modelTitle(model)}. “
      {question.title || question.id}”: {reason}.{' '}
      <button
        type="button"
        className="link"
        onClick={() => choices.choose([...chosen].filter((id) => !ids.has(id)))}
      >
        Leave {found.length === 1 ? 'it' : `these ${found.length}`} out
      </button>
    </p>
  );
}
