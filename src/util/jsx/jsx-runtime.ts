/** React's JSX runtime with every text in an element of its own. */
import * as react from 'react/jsx-runtime';
import { ownTextProps } from './ownText.ts';

export { Fragment, type JSX } from 'react/jsx-runtime';

export const jsx: typeof react.jsx = (type, props, key) =>
  react.jsx(type, ownTextProps(type, props as object), key);

export const jsxs: typeof react.jsxs = (type, props, key) => {
  const own = ownTextProps(type, props as { children?: unknown });
  // React takes several children as an array only; these may have become one text.
  return (Array.isArray(own.children) ? react.jsxs : react.jsx)(type, own, key);
};
