/** A figure with its title and caption, and its numbers as a file. */
import type { ReactElement } from 'react';

/** The numbers of a figure; every row has a cell for each column, NaN where there is no number. */
export interface FigureTable {
  columns: string[];
  rows: (string | number)[][];
}

export interface Figure {
  /** Names files: letters, digits and hyphens. */
  id: string;
  title: string;
  caption: string;
  /** Renders one `Drawing`. */
  drawing: ReactElement;
  /** Whether it is drawn at its own width, which scrolls, rather than fitted into a column. */
  wide?: boolean;
  /** The numbers that are drawn. */
  table: FigureTable;
}

/** RFC 4180. A text that a spreadsheet would take for a formula is kept a text; no number is an empty cell. */
export function csvFile({ columns, rows }: FigureTable): string {
  const cell = (value: string | number) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
