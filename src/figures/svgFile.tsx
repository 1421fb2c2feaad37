/** A figure as an SVG file, where there is no page that draws it. */
import type { ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { figureStyle } from './figureStyle.ts';

/** With its own colours, which follow the reader's system. */
export function svgFile(drawing: ReactElement): string {
  const markup = renderToStaticMarkup(drawing);
  const end = markup.indexOf('>') + 1;
  return `${markup.slice(0, end)}${renderToStaticMarkup(<style>{figureStyle}</style>)}${markup.slice(end)}`;
}
