/** The method on one example, before anything runs: a goalpost, the lemma for it, the lift from that. */
import { Program } from '../parts/Program.tsx';
import { STEPS } from './exampleSteps.ts';
import './WorkedExample.css';

export function WorkedExample() {
  return (
    <section aria-labelledby="example-title">
      <h2 className="eyebrow" id="example-title">
        One step of it
      </h2>
      <ol className="example">
        {STEPS.map(({ hue, role, title, program, tells }) => (
          <li key={role} className={`of-${hue}`}>
            <p className="example-role">{role}</p>
            <p className="example-title">{title}</p>
            <Program source={program} label={`Program of the ${hue} in the example`} />
            <p className="example-tells">{tells}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
