/** The figures of a comparison in their order, in the page and in a report. */
import { type ReactNode, type RefObject, useRef } from 'react';
import type { Figure } from '../figures/figure.ts';
import type { FigureGroup } from './comparisonFigures.tsx';

/** The buttons beside a figure; `drawn` holds its one SVG. */
type Tools = (figure: Figure, drawn: RefObject<HTMLElement | null>) => ReactNode;

export function FigureGroups(props: {
  groups: readonly FigureGroup[];
  /** Level of the groups' headings; those of figures are one below. */
  level: 2 | 3;
  tools: Tools;
}) {
  const { groups, level, tools } = props;
  const Heading = `h${level}` as const;
  return groups.map(({ title, note, figures }) => (
    <section key={title} className="compare-group">
      <Heading>{title}</Heading>
      <p className="section-note">{note}</p>
      <div className="compare-figures">
        {figures.map((figure) => (
          <FigureView key={figure.id} figure={figure} level={level} tools={tools} />
        ))}
      </div>
    </section>
  ));
}

function FigureView({ figure, level, tools }: { figure: Figure; level: 2 | 3; tools: Tools }) {
  const drawn = useRef<HTMLElement>(null);
  const Heading = level === 2 ? 'h3' : 'h4';
  return (
    <figure data-wide={figure.wide}>
      <div className="compare-title">
        <Heading>{figure.title}</Heading>
        {tools(figure, drawn)}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="compare-wide" ref={drawn} tabIndex={0} aria-label={figure.title}>
        {figure.drawing}
      </section>
      <figcaption className="section-note">{figure.caption}</figcaption>
    </figure>
  );
}
