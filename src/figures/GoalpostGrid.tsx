/** Fig. 5 of the paper: goalposts (rows) by checkpoints (columns), for every run. */
import { Drawing } from './Drawing.tsx';
import { marksFor } from './marks.tsx';
import { at } from './shapes.ts';

/** A checkpoint at which goalposts were tried. */
export interface GridColumn {
  iteration: number;
  /** Right answers by the id of the goalpost; none where it is missing. */
  passed: ReadonlyMap<string, number>;
}

/** The runs of one label, each with its checkpoints. */
export interface GridBlock {
  label: string;
  runs: GridColumn[][];
}

const cell = 6;
const step = cell + 1;
const gap = 5;
const top = 40;
const side = 8;

export function GoalpostGrid(props: {
  title: string;
  about: string;
  rows: readonly { id: string; title: string }[];
  blocks: readonly GridBlock[];
  /** Answers that were tried to each goalpost. */
  samples: number;
}) {
  const { title, about, rows, blocks, samples } = props;
  const marks = marksFor(blocks.map(({ label }) => label));
  let x = side;
  const placed = blocks.map(({ label, runs }) => {
    const from = x;
    const columns = runs.flatMap((run) => {
      const own = run.map((column, i) => ({ column, x: x + i * step }));
      x += run.length * step + gap;
      return own;
    });
    const width = Math.max(x - from - gap, Math.max(8, label.length) * 6.6);
    x = from + width + 2 * gap;
    return { label, runs, mark: marks.get(label)!, from, width, columns };
  });
  return (
    <Drawing
      width={Math.max(360, Math.ceil(x))}
      height={top + rows.length * step + 20}
      title={title}
      about={about}
    >
      {placed.map(({ label, runs, mark, from, width, columns }) => (
        <g key={label}>
          {columns.map(({ column, x }) => (
            <g key={x}>
              {rows.map((row, i) => {
                const passed = column.passed.get(row.id) ?? 0;
                return (
                  passed > 0 && (
                    <rect
                      key={row.id}
                      className={`bar m${mark}`}
                      x={at(x)}
                      y={top + i * step}
                      width={cell}
                      height={cell}
                    >
                      <title>{`${row.title}: ${passed} of ${samples}, iteration ${column.iteration}`}</title>
                    </rect>
                  )
                );
              })}
              <path
                className="miss"
                d={rows
                  .map(({ id }, i) =>
                    column.passed.get(id) ? '' : `M${at(x + 2)} ${top + i * step + 2}h2v2h-2z`,
                  )
                  .join('')}
              />
            </g>
          ))}
          <text className={`name m${mark}`} x={at(from)} y={16}>
            {label}
          </text>
          <text x={at(from)} y={31}>
            {`${runs.length} ${runs.length === 1 ? 'seed' : 'seeds'}`}
          </text>
          <line className="rule" x1={at(from)} x2={at(from + width)} y1={35.5} y2={35.5} />
        </g>
      ))}
    </Drawing>
  );
}
