/** How many goalposts each method solves: in any seed, by it alone, and seed by seed. */
import { chartWidth, Drawing, XLabel } from './Drawing.tsx';
import { MarkAt } from './marks.tsx';
import { linear, ticks } from './scale.ts';
import { at } from './shapes.ts';

export interface SolvedRow {
  label: string;
  /** Of `marksFor`. */
  mark: number;
  /** Goalposts tried. */
  total: number;
  /** In some seed; of these, by no other method. */
  solved: number;
  alone: number;
  bySeed: readonly number[];
}

const rowHeight = 30;
const top = 8;

export function SolvedBars({ title, rows }: { title: string; rows: readonly SolvedRow[] }) {
  const left = 14 + 7 * Math.min(18, Math.max(4, ...rows.map(({ label }) => label.length)));
  const right = chartWidth - 40;
  const most = Math.max(4, ...rows.map((row) => row.solved));
  const x = linear([0, most], [left, right]);
  const bottom = top + rows.length * rowHeight;
  const about = rows
    .map((row) => `${row.label}: ${row.solved} of ${row.total}, ${row.alone} by it alone`)
    .join('; ');
  return (
    <Drawing height={bottom + 34} title={title} about={about}>
      {ticks(0, most, Math.min(5, most)).map((value) => (
        <g key={value}>
          <line className="rule" x1={at(x(value))} x2={at(x(value))} y1={top} y2={bottom} />
          <XLabel x={x(value)} y={bottom + 14}>
            {String(value)}
          </XLabel>
        </g>
      ))}
      <XLabel x={(left + right) / 2} y={bottom + 29}>
        {`of ${Math.max(0, ...rows.map((row) => row.total))} goalposts`}
      </XLabel>
      {rows.map(({ label, mark, solved, alone, bySeed }, i) => {
        const y = top + i * rowHeight;
        const bar = { x: left, y: y + 4, height: 9 };
        return (
          <g key={label}>
            <text className={`name m${mark}`} x={left - 8} y={y + 16} textAnchor="end">
              {label}
            </text>
            <rect className={`bar is-soft m${mark}`} {...bar} width={at(x(solved) - left)} />
            <rect className={`bar m${mark}`} {...bar} width={at(x(alone) - left)} />
            {bySeed.map((value, seed) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two seeds may solve as many
              <MarkAt key={seed} mark={mark} x={x(value)} y={y + 20} r={2.8} />
            ))}
            <text className="strong" x={at(x(solved) + 5)} y={y + 13}>
              {String(solved)}
            </text>
          </g>
        );
      })}
    </Drawing>
  );
}
