/** A picture that is data, drawn. */
import { createElement, type ReactNode } from 'react';
import type { SvgNode } from '../../compare/figures/svg.ts';

/** React's names for attributes: `stroke-width` is `strokeWidth`, but `aria-label` stays. */
function named(attributes: SvgNode['attributes']): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (name === 'class') return ['className', value];
      if (name.startsWith('aria-')) return [name, value];
      return [name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value];
    }),
  );
}

export function Drawing({ node }: { node: SvgNode }): ReactNode {
  return createElement(
    node.tag,
    named(node.attributes),
    ...node.children.map((child, i) =>
      // biome-ignore lint/suspicious/noArrayIndexKey: a drawing is replaced as a whole
      typeof child === 'string' ? child : <Drawing key={i} node={child} />,
    ),
  );
}
