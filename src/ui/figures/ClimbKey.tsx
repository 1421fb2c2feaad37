/** The key to the marks on the climb. */
import { memo } from 'react';
import { Term } from '../parts/Term.tsx';
import type { ProposerRole } from '../../gasp/question.ts';
import { outline } from './climbLayout.ts';

export const ClimbKey = memo(function ClimbKey(props: {
  /** Roles whose stones the figure shows, or will show. */
  roles: readonly ProposerRole[];
  taught: boolean;
  /** Names of the runs that this one branches from. */
  past: string;
  /** Name of the run that this one is compared with. */
  other: string | undefined;
}) {
  const { roles, taught, past, other } = props;
  return (
    <ul className="climb-key">
      <li className="of-goalpost">
        <svg viewBox="0 0 12 12" aria-hidden="true">
          <path d="M3 12V1l7 2.5L3 6" />
        </svg>
        goalpost
      </li>
      {roles.map((role) => (
        <li key={role} className={`of-${role}`}>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d={outline(role, 6, 6, 4)} />
          </svg>
          {role}
        </li>
      ))}
      <li className="is-frontier">
        <svg viewBox="0 0 18 12" aria-hidden="true">
          <path data-reach="" d="M0 5 6 4 11 2 18 0V6L11 8 6 10 0 11z" />
          <path d="M0 11 6 10 11 8 18 6" />
        </svg>
        <Term name="frontier">the student: half right, up to one in ten</Term>
      </li>
      {taught && (
        <li className="is-taught">
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <circle cx="6" cy="6" r="5" />
          </svg>
          by a person
        </li>
      )}
      {past && (
        <li className="is-past">
          <svg viewBox="0 0 22 12" aria-hidden="true">
            <path d="M14 0v12" />
            <circle cx="5" cy="6" r="4" />
          </svg>
          {past}
        </li>
      )}
      {other !== undefined && (
        <li className="is-other">
          <svg viewBox="0 0 30 12" aria-hidden="true">
            <circle cx="5" cy="6" r="3.5" />
            <path d="M12 6h18" />
          </svg>
          {other}
        </li>
      )}
    </ul>
  );
});
