/** The head of a replay that stands in another page: its name, and the way to all of Foothold. */
import { wholeAddress } from '../../share/address.ts';
import { usePageValue } from '../store/usePage.ts';

export function EmbedBar() {
  const run = usePageValue(({ open }) => open?.name);
  const isOpening = usePageValue(({ opening }) => opening);
  return (
    <header className="top">
      {run !== undefined && <h1 className="top-run">{run}</h1>}
      {run === undefined && !isOpening && (
        <p className="top-run">There is no session in this address to show here.</p>
      )}
      <nav className="top-actions" aria-label="Run">
        <a
          className="button is-quiet"
          href={location.href}
          target="_blank"
          rel="noopener"
          // The address follows what is shown.
          onClick={(event) => (event.currentTarget.href = wholeAddress(location.href))}
        >
          Open in Foothold
        </a>
      </nav>
    </header>
  );
}
