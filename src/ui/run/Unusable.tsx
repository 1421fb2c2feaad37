/** Said where none of the newest proposals can be used: then nothing is learned, and waiting does not help. */
import { unusableProposals } from '../../run/unusable.ts';
import { isEmbedded, modelTitle } from '../../lab/models.ts';
import { useActions } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import './Unusable.css';

export function Unusable() {
  const { cards } = useShown();
  const { sheets } = useActions();
  const found = cards && unusableProposals(cards);
  if (!found) return null;
  const { iterations, proposals, commonest, share } = found;
  return (
    <p className="unusable" role="status">
      <strong>
        None of the {proposals} questions that the model wrote in the last {iterations} iterations can be used
      </strong>
      , so that it learns nothing from them. {Math.round(share * 100)}% of them: {commonest}{' '}
      {isEmbedded(cards.model)
        ? 'A lower learning rate or a clip in the settings of a new run may prevent that; a checkpoint from before it can be branched.'
        : `${modelTitle(cards.model)} may be too small to know the form in which a teacher writes: choose a larger coder model, or start from an adapter that was trained on that form.`}{' '}
      <button type="button" className="link" onClick={() => sheets.open('model')}>
        Model
      </button>
    </p>
  );
}
