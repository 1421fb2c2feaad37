/** As `jsx-runtime.ts`, for development. */
import * as react from 'react/jsx-dev-runtime';
import { ownTextProps } from './ownText.ts';

export { Fragment, type JSX } from 'react/jsx-dev-runtime';

export const jsxDEV: typeof react.jsxDEV = (type, props, key, several, ...rest) => {
  const own = ownTextProps(type, props as { children?: unknown });
  return react.jsxDEV(type, own, key, several && Array.isArray(own.children), ...rest);
};
