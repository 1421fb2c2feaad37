/** Below the first page's button: one worked example, sessions to watch, and where to read on. */
import { bare } from '../../share/address.ts';
import { SHIPPED, shippedAddress } from '../../share/shipped.ts';
import { SessionPicker } from '../parts/SessionPicker.tsx';
import { useActions } from '../store/usePage.ts';
import { WorkedExample } from './WorkedExample.tsx';
import './FirstPageStory.css';

const PAPER = 'https://arxiv.org/abs/2603.15957';
/** Where the source is, as whoever builds the page says (VITE_SOURCE); absent where nobody said it. */
const SOURCE: string | undefined = import.meta.env.VITE_SOURCE;

export function FirstPageStory() {
  const page = bare(location.href);
  const { opening, sheets } = useActions();
  return (
    <div className="story">
      <WorkedExample />
      <section aria-labelledby="sessions-title">
        <h2 className="eyebrow" id="sessions-title">
          Watch one that ran before
        </h2>
        <ul className="story-sessions">
          {SHIPPED.map(({ id, title, tells }) => (
            <li key={id}>
              <a href={shippedAddress(id, page)}>{title}</a>
              <p>{tells}</p>
            </li>
          ))}
        </ul>
        <p className="story-open">
          <SessionPicker
            text="Open a session"
            label="File of a session"
            onFile={(file) => void opening.openFile(file)}
          />
          <span className="section-note">
            A file that somebody sent, or one of the command line. Dropping it anywhere on the page opens it,
            too; a link opens by itself.
          </span>
        </p>
        <p className="story-open">
          <button type="button" className="button" onClick={() => sheets.open('compare')}>
            Compare methods
          </button>
          <span className="section-note">
            Several methods and seeds one after another, each with the same budget.
          </span>
        </p>
      </section>
      <details className="story-what">
        <summary>What this is</summary>
        <p>
          A playground for guided asymmetric self-play (GASP). One small model plays two parts: a teacher that
          writes questions, and a student that answers them. Each answer is a Python program, run here where
          it can reach nothing; whether it is right is all that the model is told. The teacher is paid most
          for questions that the student gets right half of the time, so that both climb towards the goalposts
          together. The other method, AZR, does the same with no goalposts.
        </p>
      </details>
      <p className="story-links">
        <a href={PAPER} rel="noreferrer">
          The paper, arXiv 2603.15957
        </a>
        {SOURCE && (
          <a href={SOURCE} rel="noreferrer">
            The source
          </a>
        )}
      </p>
    </div>
  );
}
