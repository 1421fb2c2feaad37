/** Where something was described first, as a link where there is one. */
import type { Citation } from '../../gasp/citations.ts';

export const Source = ({ citation: { text, url } }: { citation: Citation }) =>
  url === undefined ? (
    <span>{text}</span>
  ) : (
    <a className="link" href={url} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
