/** The numbers of the last update of the weights. */
import { memo } from 'react';
import type { IterationState } from '../../run/state.ts';
import { count, percent, short } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import type { TermName } from '../parts/terms.ts';
import { useShown } from './ShownRun.tsx';
import './UpdateCard.css';

/** Nothing before the first one. */
export function UpdateCard() {
  const { curves } = useShown();
  return <Card iteration={curves?.iterations.findLast(({ update }) => update)} />;
}

const Card = memo(function Card({ iteration }: { iteration: IterationState | undefined }) {
  if (!iteration?.update) return null;
  const { stats, groups, sequences } = iteration.update;
  const numbers: [TermName, string, string][] = [
    ['loss', short(stats.loss), 'policy-gradient loss, a mean over optimizer steps'],
    ['gradient norm', short(stats.gradNorm), 'before clipping'],
    ['moved', percent(stats.moved), 'change of the trained weights over their norm'],
    ['KL', short(stats.kl), 'from the policy that sampled'],
    ['clipped', percent(stats.clipped), 'tokens whose ratio was clipped'],
    ['entropy', short(stats.entropy), 'nats a token'],
  ];
  return (
    <section className="update" aria-labelledby="update-title">
      <div className="section-head">
        <h2 className="eyebrow" id="update-title">
          Update <span className="section-note">iteration {iteration.iteration}</span>
        </h2>
        {stats.steps > 0 && (
          <p className="section-note">
            {count(stats.tokens)} tokens of {count(sequences)} texts in {stats.steps}{' '}
            {stats.steps === 1 ? 'step' : 'steps'}
          </p>
        )}
      </div>
      {stats.steps > 0 ? (
        <dl className="update-numbers">
          {numbers.map(([name, value, note]) => (
            <div key={name}>
              <dt>
                <Term name={name}>{name}</Term>
              </dt>
              <dd>
                <strong>{value}</strong>
                <span>{note}</span>
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="card-waiting">
          The weights stayed as they were: no text of this iteration did better than its group, so there was
          nothing to learn from.
        </p>
      )}
      <table className="update-groups">
        <caption className="visually-hidden">Mean reward of each group</caption>
        <thead>
          <tr>
            <th scope="col">group</th>
            <th scope="col">texts</th>
            <th scope="col">
              <Term name="reward">mean reward</Term>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={`${group.role}/${group.task}`}>
              <th scope="row">
                {group.role === 'solver' ? `student, ${group.task}` : `teacher, ${group.role}`}
              </th>
              <td>{group.rollouts}</td>
              <td>{short(group.meanReward)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
});
