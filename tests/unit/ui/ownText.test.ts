/** Which texts get an element of their own. Rendered by React itself. */
import { Fragment, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { jsx, jsxs } from '../../../src/util/jsx/jsx-runtime.ts';

const html = (node: ReactNode) => renderToStaticMarkup(node);

describe('texts of components', () => {
  it('are one text where an element has nothing else', () => {
    expect(html(jsxs('p', { children: [3, ' of ', null, 4] }))).toBe('<p>3 of 4</p>');
    expect(html(jsxs('option', { children: ['auto: ', 'wasm'] }))).toBe('<option>auto: wasm</option>');
  });

  it('are wrapped beside elements, neighbours together, white space not', () => {
    const b = jsx('b', { children: 'now' });
    expect(html(jsxs('p', { children: ['at ', 3, b, ' ', b] }))).toBe(
      '<p><own-text>at 3</own-text><b>now</b> <b>now</b></p>',
    );
    expect(html(jsxs('text', { children: ['at ', jsx('tspan', { children: 3 })] }))).toBe(
      '<text><tspan>at </tspan><tspan>3</tspan></text>',
    );
  });

  it('are wrapped in fragments, and where a component hands them on', () => {
    const Note = ({ children }: { children?: ReactNode }) => jsxs('p', { children: ['Note: ', children] });
    expect(html(jsx(Fragment, { children: 'alone' }))).toBe('<own-text>alone</own-text>');
    expect(html(jsxs(Note, { children: ['a', jsx('i', { children: 'b' })] }))).toBe(
      '<p><own-text>Note: </own-text><own-text>a</own-text><i>b</i></p>',
    );
  });

  it('leave elements at the places by which React knows them', () => {
    const input = jsx('input', {});
    const placeOfInput = (text: string | null) => {
      const { props } = jsxs('p', { children: [text, 1, input] }) as { props: { children: ReactNode[] } };
      return props.children.indexOf(input);
    };
    expect(placeOfInput(null)).toBe(2);
    expect(placeOfInput('now ')).toBe(2);
  });
});
