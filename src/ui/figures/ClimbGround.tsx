/** The ground of the climb, under its stones: lines, axes, and what each place is for. */
import { memo, type ReactNode } from 'react';
import type { ProposerRole } from '../../gasp/question.ts';
import type { Ancestor } from '../store/lineage.ts';
import type { View } from './climbLayout.ts';
import { ticks } from '../../figures/scale.ts';

/** How many of the starting model's answers are right, at some difficulties. */
const RATES = [
  { at: 0, text: 'all', short: 'all' },
  { at: Math.log10(2), text: '1 in 2', short: '1 in 2' },
  { at: 1, text: '1 in 10', short: '1 in 10' },
  { at: 2, text: '1 in 100', short: '1/100' },
  { at: 3, text: '1 in 1,000', short: '1/10³' },
  { at: 4, text: '≤ 1 in 10,000', short: '≤1/10⁴' },
];

export const Ground = memo(function Ground(props: { view: View; past: readonly Ancestor[] }) {
  const { plot, x, y, columns, lead, small, measure, top } = props.view;
  /** As many on this part of the axis as on any other of its length. */
  const labels = (from: number, to: number) =>
    ticks(from, to, Math.max(1, Math.round(((to - from + 1) / (columns + lead)) * (small ? 4 : 10)))).filter(
      (tick) => Number.isInteger(tick),
    );
  const heights =
    measure === 'start'
      ? RATES.map(({ at, text, short }) => ({ at, label: small ? short : text }))
      : ticks(0, top, Math.min(8, top))
          .filter((at) => Number.isInteger(at))
          .map((at) => ({ at, label: String(at) }));
  return (
    <g>
      {heights.map(({ at, label }) => (
        <g key={at}>
          <line
            className={at === 0 ? 'climb-line' : 'climb-grid'}
            x1={plot.left}
            x2={plot.right}
            y1={y(at)}
            y2={y(at)}
          />
          <text className="climb-tick" x={plot.left - 8} y={y(at) + 4} textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      <text className="climb-tick" x={small ? 2 : 12} y={plot.top - 22}>
        {measure === 'start'
          ? small
            ? 'right by the starting model'
            : 'Difficulty: so many answers of the starting model are right'
          : 'Difficulty: lines of program'}
      </text>
      {labels(1, columns).map((tick) => (
        <text key={tick} className="climb-tick" x={x(tick)} y={plot.bottom + 38} textAnchor="middle">
          {tick}
        </text>
      ))}
      {props.past.map(({ state, upTo, shift }) => (
        <Before key={state.run} view={props.view} end={upTo + shift}>
          {labels(Math.max(1, 1 - lead - shift), upTo).map((tick) => (
            <text
              key={tick}
              className="climb-tick"
              x={x(tick + shift)}
              y={plot.bottom + 38}
              textAnchor="middle"
            >
              {tick}
            </text>
          ))}
        </Before>
      ))}
      {!small && (
        <>
          <text className="climb-tick" x={plot.left - 8} y={plot.bottom + 19} textAnchor="end">
            unusable
          </text>
          <text className="climb-tick" x={plot.left - 8} y={plot.bottom + 38} textAnchor="end">
            iteration
          </text>
        </>
      )}
    </g>
  );
});

/** Where one run ends and its branch begins, after column `end`. */
function Before(props: { view: View; end: number; children: ReactNode }) {
  const { x, plot, lead } = props.view;
  if (props.end < 1 - lead) return null;
  const at = x(props.end + 0.5);
  return (
    <g className="climb-before">
      <line x1={at} x2={at} y1={plot.top} y2={plot.bottom + 42} />
      {props.children}
    </g>
  );
}

/** Difficulties at which the empty figure says what will lie there. */
const PROMISED = { start: { lemma: 0.4, lift: 1.15 }, lines: { lemma: 1.6, lift: 2.7 } };

/** Words for what the empty figure will show, each in its place. */
export function WhatWillStand(props: { view: View; roles: readonly ProposerRole[] }) {
  const { plot, lane, y, top, small, measure } = props.view;
  const { roles } = props;
  const x = plot.left + lane + 8;
  const at = PROMISED[measure];
  const [lemma, lift] = small
    ? ['easier: half of the answers pass', 'harder: one in ten']
    : [
        'first the teacher writes an easier variant of a goalpost: paid best when half of the answers pass',
        'then, from that one alone, a harder one: paid best when one answer in ten passes',
      ];
  return (
    <g className="climb-promise">
      {roles.includes('lemma') && (
        <>
          <text x={plot.right - 8} y={y(top * 0.8)} textAnchor="end">
            goalposts come down as they come near
          </text>
          <text x={x} y={y(at.lemma)}>
            {lemma}
          </text>
        </>
      )}
      {roles.includes('lift') && (
        <text x={x} y={y(at.lift)}>
          {lift}
        </text>
      )}
      {!roles.includes('lemma') && roles.includes('unguided') && (
        <text x={x} y={y(at.lift)}>
          the fewer answers pass, the better it pays
        </text>
      )}
    </g>
  );
}
