/**
 * Gives every text that React renders an element of its own. React changes a text that stands between other
 * nodes by its text node; a page translator, a reader or a highlighter replaces such nodes, and React then
 * changes a node that nobody sees, or fails on it (https://github.com/facebook/react/issues/11538). A text that
 * is alone in its element is set through the element, whatever has become of the text node.
 *
 * The JSX runtimes beside this file apply it to all components, so that components write text as usual.
 */
import { type ElementType, Fragment, type ReactNode } from 'react';
import { jsx } from 'react/jsx-runtime';

/** No stylesheet knows the name: the wrapper looks as the bare text does. */
const WRAPPER = 'own-text';
/** Elements that hold text and nothing else. */
const TEXT_ONLY = new Set<unknown>(['option', 'textarea', 'title', 'style', 'script']);
/** SVG draws no elements but its own. */
const SVG_TEXT = new Set<unknown>(['text', 'tspan', 'textPath']);

/** The props of an element, its texts wrapped where they have siblings. */
export function ownTextProps<P extends object>(type: ElementType, props: P): P {
  // Components hand their children on to elements, and see them as they were written.
  if (typeof type !== 'string' && type !== Fragment) return props;
  const { children } = props as { children?: ReactNode };
  if (type === Fragment) {
    // Its text has the siblings of the fragment.
    return Array.isArray(children) || isText(children)
      ? { ...props, children: wrapAll([children].flat() as ReactNode[], WRAPPER) }
      : props;
  }
  if (!Array.isArray(children)) return props;
  const joined = joinTexts(children);
  if (joined !== null) return { ...props, children: joined };
  if (TEXT_ONLY.has(type)) return props;
  return { ...props, children: wrapAll(children, SVG_TEXT.has(type) ? 'tspan' : WRAPPER) };
}

function isText(node: ReactNode): node is string | number | bigint {
  return typeof node === 'string' || typeof node === 'number' || typeof node === 'bigint';
}

/** All children as one text, or null where one of them is more than text. */
function joinTexts(children: readonly ReactNode[]): string | null {
  let joined = '';
  for (const child of children) {
    if (isText(child)) joined += child;
    else if (child !== null && child !== undefined && typeof child !== 'boolean') return null;
  }
  return joined;
}

/**
 * Neighbouring texts share a wrapper at the place of the first. The others become null, so that elements keep
 * the places by which React knows them. White space alone never changes and stays as it is: in a flex
 * container an element would take up room.
 */
function wrapAll(children: readonly ReactNode[], wrapper: string): ReactNode[] {
  const wrapped: ReactNode[] = [];
  for (let at = 0; at < children.length; at = wrapped.length) {
    const child = children[at];
    if (!isText(child)) {
      // The children of a component come as an array among those of the element that it puts them in.
      wrapped.push(Array.isArray(child) ? wrapAll(child, wrapper) : child);
      continue;
    }
    let text = '';
    let end = at;
    for (let next: ReactNode = child; isText(next); next = children[++end]) text += next;
    wrapped.push(text.trim() === '' ? text : jsx(wrapper as ElementType, { children: text }, `text ${at}`));
    while (wrapped.length < end) wrapped.push(null);
  }
  return wrapped;
}
