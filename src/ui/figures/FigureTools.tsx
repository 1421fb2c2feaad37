/** Beside every figure: its numbers as a table, and the figure as a file. */
import { type RefObject, useContext, useState } from 'react';
import { pngOf, styledSvgText, svgText } from '../../figures/exportFigure.ts';
import { csvFile, type FigureTable } from '../../figures/figure.ts';
import { download } from '../parts/download.ts';
import { usePopover } from '../parts/popover.ts';
import { TermRunName } from '../parts/Term.tsx';
import './FigureTools.css';

/** Rows that the page shows; the file has all. */
const shownRows = 200;

export function FigureTools(props: {
  title: string;
  /** Holds the figure's one SVG. */
  figure: RefObject<HTMLElement | null>;
  /** Computed when it is asked for. */
  table: () => FigureTable;
  /** Written into the SVG file; else the file has the looks that it has on the page. */
  style?: string;
  /** Name of the files, without ending; absent: the run's name and the title. */
  name?: string;
}) {
  const { title, figure, table } = props;
  const run = useContext(TermRunName);
  const { button, box, open } = usePopover<HTMLDivElement>();
  const [problem, setProblem] = useState('');
  const save = async (kind: 'svg' | 'png' | 'csv') => {
    try {
      setProblem('');
      const svg = figure.current?.querySelector('svg[data-figure], svg.figure') as SVGSVGElement | null;
      const name = `${props.name ?? `${run} ${title}`.trim()}.${kind}`;
      if (kind === 'csv') {
        return download(name, csvFile(table()), 'text/csv');
      }
      if (!svg) throw new Error('There is nothing drawn yet.');
      if (kind === 'svg') {
        const text = props.style ? styledSvgText(svg, props.style) : svgText(svg, title);
        download(name, text, 'image/svg+xml');
      } else download(name, await pngOf(svg, title), 'image/png');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const { columns, rows } = open ? table() : { columns: [], rows: [] };
  return (
    <>
      <button
        type="button"
        className="figure-more"
        {...button}
        aria-label={`Data and files: ${title}`}
        title="Its numbers as a table; SVG, PNG, CSV"
      >
        <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
          <path d="M7 1.5v7M4 6l3 3 3-3M2 12.5h10" />
        </svg>
      </button>
      <div className="figure-box box" {...box}>
        <h4>{title}</h4>
        <div className="figure-files">
          {(['svg', 'png', 'csv'] as const).map((kind) => (
            <button key={kind} type="button" className="button" onClick={() => void save(kind)}>
              {kind.toUpperCase()}
            </button>
          ))}
        </div>
        {problem && <p role="alert">{problem}</p>}
        {open && rows.length === 0 && <p className="section-note">No numbers yet.</p>}
        {open && rows.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
          <section className="figure-table" tabIndex={0} aria-label={`Data: ${title}`}>
            <table>
              <thead>
                <tr>
                  {columns.map((column, i) => (
                    <th key={column} scope="col" data-text={typeof rows[0]?.[i] === 'string' || undefined}>
                      {column}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, shownRows).map((row, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their place
                  <tr key={i}>
                    {row.map((cell, j) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: cells are known by their place
                      <td key={j} data-text={typeof cell === 'string' || undefined}>
                        {typeof cell === 'string'
                          ? cell
                          : Number.isFinite(cell)
                            ? Number(cell.toPrecision(4))
                            : ''}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        {rows.length > shownRows && (
          <p className="section-note">
            The first {shownRows} of {rows.length} rows; the CSV has all.
          </p>
        )}
      </div>
    </>
  );
}
