/** Pictures as data: drawn by React in the page, written as text in reports and files. */

export interface SvgNode {
  tag: string;
  attributes: Record<string, string | number>;
  children: (SvgNode | string)[];
}

/** Attributes are spelled as in SVG (`stroke-width`, `class`). */
export function svg(
  tag: string,
  attributes: SvgNode['attributes'] = {},
  ...children: (SvgNode | string | false | undefined)[]
): SvgNode {
  return { tag, attributes, children: children.filter((child) => child !== false && child !== undefined) };
}

/** A picture with what it is about and the numbers in it. */
export interface Figure {
  /** Names files: letters, digits and hyphens. */
  id: string;
  title: string;
  caption: string;
  node: SvgNode;
  /** The numbers that are drawn; the first row says what they are. */
  table: (string | number)[][];
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function markup({ tag, attributes, children }: SvgNode): string {
  const given = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeText(String(value))}"`);
  const inside = children.map((child) => (typeof child === 'string' ? escapeText(child) : markup(child)));
  return `<${tag}${given.join('')}>${inside.join('')}</${tag}>`;
}

/** A drawing that fills its place and tells a screen reader what it shows. */
export function drawing(
  { width, height, title, about }: { width: number; height: number; title: string; about: string },
  ...children: (SvgNode | false | undefined)[]
): SvgNode {
  return svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'figure',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `${title}. ${about}`,
    },
    ...children,
  );
}

/** The file that a person saves: with its own colours, which follow the reader's system. */
export function svgFile({ node }: Figure, style: string): string {
  return markup({ ...node, children: [svg('style', {}, style), ...node.children] });
}

/** RFC 4180. A text that a spreadsheet would take for a formula is kept a text; no number is an empty cell. */
export function csvFile({ table }: Pick<Figure, 'table'>): string {
  const cell = (value: string | number) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return table.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Coordinates to a tenth: finer than a screen, and half the bytes. */
export const at = (value: number): number => Math.round(value * 10) / 10;

export const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i ? 'L' : 'M'}${at(x)} ${at(y)}`).join('');
