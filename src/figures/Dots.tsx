/** One mark a rollout: filled where it passed, hollow where it was wrong, crossed where it was no answer. */
import type { Attempt } from '../gasp/question.ts';
import './Dots.css';

export type Mark = 'passed' | 'wrong' | 'unparsable' | 'waiting';

export function markOf(attempt: Attempt): Mark {
  if (attempt.verdict === 'passed' || attempt.verdict === 'unparsable') return attempt.verdict;
  return 'wrong';
}

export function Dot({ mark }: { mark: Mark }) {
  return (
    <svg className="dot" data-mark={mark} viewBox="0 0 12 12" aria-hidden="true">
      {mark === 'unparsable' ? (
        <path d="M2.2 2.2l7.6 7.6m0-7.6l-7.6 7.6" />
      ) : (
        <circle cx="6" cy="6" r="4.4" />
      )}
    </svg>
  );
}

export function Dots({ marks }: { marks: Mark[] }) {
  const number = (mark: Mark) => marks.filter((candidate) => candidate === mark).length;
  const text = [
    `${number('passed')} passed`,
    number('wrong') && `${number('wrong')} wrong`,
    number('unparsable') && `${number('unparsable')} unparsable`,
    number('waiting') && `${number('waiting')} to come`,
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <span className="dots" role="img" aria-label={text}>
      {marks.map((mark, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rollouts have no identity but their place
        <Dot key={i} mark={mark} />
      ))}
    </span>
  );
}
