/** The student's answers to a question in one task, each with its verdict. */
import type { Question } from '../../gasp/question.ts';
import type { Trial } from '../../run/state.ts';
import { Dot, Dots, markOf } from '../../figures/Dots.tsx';
import { percent, short, verdictNames } from '../parts/format.ts';
import { Program } from '../parts/Program.tsx';
import './StoneSheet.css';

const taskTitles = {
  induction: 'Write the program from its examples',
  deduction: 'Give the output for an input',
  abduction: 'Find an input for an output',
} as const;

export function TrialView({ trial, question }: { trial: Trial; question: Question | undefined }) {
  const given =
    trial.index === undefined || !question
      ? undefined
      : trial.task === 'deduction'
        ? `f(${question.inputs[trial.index]})`
        : `f(…) = ${question.outputs[trial.index]}`;
  return (
    <section className="trial">
      <h3>
        {question?.benchmark ? 'Solve the problem' : taskTitles[trial.task]}{' '}
        <span className="section-note">
          {trial.practisedIn === undefined ? trial.task : `practised in iteration ${trial.practisedIn}`}
        </span>
      </h3>
      {given && (
        <pre className="trial-given" translate="no">
          {given}
        </pre>
      )}
      <p className="trial-rate">
        <Dots marks={trial.attempts.map(markOf)} /> {percent(trial.passRate)} pass
      </p>
      <ol className="attempts">
        {trial.attempts.map((attempt, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers are known by their place
          <li key={i}>
            <details>
              <summary>
                <Dot mark={markOf(attempt)} />
                <span className="attempt-verdict">{verdictNames[attempt.verdict]}</span>
                <span className="attempt-reason">{attempt.reason}</span>
                <span className="attempt-reward">{short(attempt.reward)}</span>
              </summary>
              <Program source={attempt.text || '(nothing)'} label={`Answer ${i + 1}`} />
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}
