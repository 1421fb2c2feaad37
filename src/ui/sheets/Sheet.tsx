/** A panel that slides over the page's right side, opened by what a person pressed; Escape closes it. */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import './Sheet.css';

export function Sheet(props: {
  title: ReactNode;
  className?: string;
  /** Names the content: with another name the sheet starts at the top again. */
  content?: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = useId();
  const { content } = props;
  const before = useRef(content);
  useEffect(() => {
    const element = dialog.current;
    // Leaving the document closes it; calling close() there would report a close that no person made.
    if (element && !element.open) element.showModal();
  }, []);
  useEffect(() => {
    // The focused element is gone with the old content.
    if (content !== before.current) heading.current?.focus();
    before.current = content;
  }, [content]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog anyway; this is for its backdrop
    <dialog
      ref={dialog}
      className={`sheet ${props.className ?? ''}`}
      aria-labelledby={title}
      onClose={props.onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <div className="sheet-inside">
        <header className="sheet-head">
          <h2 id={title} ref={heading} tabIndex={-1}>
            {props.title}
          </h2>
          <button type="button" className="button is-quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        <div className="sheet-body" key={props.content}>
          {props.children}
        </div>
        {props.footer && <footer className="sheet-foot">{props.footer}</footer>}
      </div>
    </dialog>
  );
}
