/** Shown in place of a page that could not be drawn: whatever a run holds, there is a way back. */
import { Component, type ReactNode } from 'react';

interface Props {
  /** Back to the first page, which needs no run. */
  onLeave: () => void;
  children: ReactNode;
}

export class Mishap extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main className="problem" role="alert">
        <p>
          <strong>This run cannot be shown.</strong> {error instanceof Error ? error.message : String(error)}{' '}
          Nothing that is stored was changed.
        </p>
        <button
          type="button"
          className="button"
          onClick={() => {
            this.props.onLeave();
            this.setState({ error: null });
          }}
        >
          Back to the first page
        </button>
      </main>
    );
  }
}
