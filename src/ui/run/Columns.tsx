/** The columns of the page; it is told what about the whole of it changes how they look. */
import type { ReactNode } from 'react';
import { embedded } from '../store/platform.ts';
import { usePageValue } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';

export function Columns({ children }: { children: ReactNode }) {
  const isNarrow = usePageValue(({ open, runs }) => !open && runs.length === 0);
  const { time } = useShown();
  return (
    <div
      className="page"
      data-narrow={(isNarrow && !embedded) || undefined}
      data-embed={embedded || undefined}
      data-scrubbed={(time.moment !== null && !time.playing) || undefined}
    >
      {children}
    </div>
  );
}
