/** The first page: one sentence, one button. Everything else is chosen already. */
import { canStart, type Session, type Snapshot } from './session.ts';
import { BackendChoiceField, Icon } from './Transport.tsx';
import './Welcome.css';

export function Welcome({ session, snapshot }: { session: Session; snapshot: Snapshot }) {
  const { runs, ready, chosen, bank, status } = snapshot;
  const last = runs[0];
  const starting = status === 'loading';
  return (
    <section className="welcome">
      <h1>
        A small coding model teaches itself, in this tab: it writes itself{' '}
        <span className="of-lemma">stepping stones</span> towards{' '}
        <span className="of-goalpost">questions</span> that it cannot solve yet.
      </h1>
      <div className="welcome-buttons">
        {ready && last && (
          <button
            type="button"
            className="button is-primary"
            disabled={starting}
            onClick={() => void session.resume(last.run)}
          >
            <Icon name="run" /> Resume {last.name}
          </button>
        )}
        <button
          type="button"
          className={`button ${last ? '' : 'is-primary'}`}
          disabled={starting || !canStart(snapshot)}
          onClick={() => session.run()}
        >
          <Icon name="run" /> {last ? 'Run a new one' : 'Run'}
        </button>
        <p className="section-note">
          {bank
            ? `${chosen.size} ${chosen.size === 1 ? 'goalpost' : 'goalposts'}, a model that ships with the page, no account, no GPU needed. Nothing leaves this computer.`
            : 'Loading the questions.'}
        </p>
        <p className="section-note">
          Runs on <BackendChoiceField session={session} snapshot={snapshot} />
        </p>
      </div>
    </section>
  );
}
