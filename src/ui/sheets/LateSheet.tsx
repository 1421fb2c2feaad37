/** Sheets whose code loads when they are first opened: the page is there sooner without it. */
import { type ComponentType, useEffect, useState } from 'react';
import { Sheet } from './Sheet.tsx';

/** The sheet that `load` brings. Where it does not come, a sheet says so, and opening it again tries again. */
export function lateSheet<Props extends { onClose: () => void }>(
  title: string,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let Loaded: ComponentType<Props> | null = null;
  return function LateSheet(props: Props) {
    const [, setLoaded] = useState(Loaded !== null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Loaded) return;
      load().then(
        (component) => {
          Loaded = component;
          setLoaded(true);
        },
        () => setFailed(true),
      );
    }, []);
    if (Loaded) return <Loaded {...props} />;
    if (!failed) return null;
    return (
      <Sheet title={title} onClose={props.onClose}>
        <p role="alert">
          <strong>This part of the page did not load.</strong> The host may be out of reach, or may have a
          newer version of the page. Reload the page; what is stored stays.
        </p>
      </Sheet>
    );
  };
}
