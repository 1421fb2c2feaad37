/** The ground of the climb, under its stones: bands, lines, axes, and what each place is for. */
import { memo, type ReactNode } from 'react';
import type { Ancestor } from '../store/lineage.ts';
import { type Band, edges, type View } from './climbLayout.ts';
import { ticks } from '../../figures/scale.ts';

export const Ground = memo(function Ground(props: { view: View; bands: Band[]; past: readonly Ancestor[] }) {
  const { plot, lane, x, y, columns, lead, small } = props.view;
  /** As many on this part of the axis as on any other of its length. */
  const labels = (from: number, to: number) =>
    ticks(from, to, Math.max(1, Math.round(((to - from + 1) / (columns + lead)) * (small ? 4 : 10)))).filter(
      (tick) => Number.isInteger(tick),
    );
  const width = plot.right - plot.left;
  return (
    <g>
      {props.bands.map((role) => {
        const [low, high] = edges[role];
        // The bands overlap; their edges and names stand side by side, where no stone lies.
        const edge = role === 'lift' ? 0 : lane / 2;
        return (
          <g key={role} className={`of-${role}`}>
            <rect className="climb-band" x={plot.left} y={y(low)} width={width} height={y(high) - y(low)} />
            <rect
              className="climb-band-edge"
              x={plot.left + edge}
              y={y(low)}
              width={3}
              height={y(high) - y(low)}
            />
            <text
              className="climb-band-name"
              transform={`translate(${plot.left + edge + 13} ${(y(low) + y(high)) / 2}) rotate(-90)`}
              textAnchor="middle"
            >
              {role} band
            </text>
          </g>
        );
      })}
      <line className="climb-line" x1={plot.left} x2={plot.right} y1={plot.top} y2={plot.top} />
      <line className="climb-line" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
      {[0, 0.1, 0.3, 0.5, 0.7, 1].map((p) => (
        <text key={p} className="climb-tick" x={plot.left - 8} y={y(p) + 4} textAnchor="end">
          {Math.round(p * 100)}
        </text>
      ))}
      <text className="climb-tick" x={plot.left - 8} y={y(0) - 12} textAnchor="end">
        {small ? '%' : '% pass'}
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

/** Words for what the empty figure will show, each in its place. */
export function WhatWillStand(props: { view: View; bands: Band[]; unguided: boolean }) {
  const { plot, lane, y, small } = props.view;
  const { bands, unguided } = props;
  const x = plot.left + lane + 8;
  const [lemma, lift] = small
    ? ['easier: half of the answers pass', 'harder: one in ten']
    : [
        'first the teacher writes an easier variant of a goalpost: paid best when half of the answers pass',
        'then, from that one alone, a harder one: paid best when one answer in ten passes',
      ];
  return (
    <g className="climb-promise">
      {bands.includes('lemma') && (
        <text x={x} y={y(edges.lemma[1]) - 8}>
          {lemma}
        </text>
      )}
      {bands.includes('lift') && (
        <text x={x} y={y(edges.lift[0]) + 17}>
          {lift}
        </text>
      )}
      {bands.length === 0 && unguided && (
        <text x={x} y={y(0.5)}>
          {small
            ? 'the fewer answers pass, the better it pays'
            : 'the teacher makes questions up: the fewer answers pass, the better it is paid, but for none at all nothing'}
        </text>
      )}
    </g>
  );
}
