/** A box that opens beside the button that names it as its `popoverTarget`, wherever on the page that stands. */
import { type RefObject, type ToggleEvent, useId, useRef, useState } from 'react';

/** Pixels between a box and its button, and between a box and the window's edge. */
const GAP = 8;
const MARGIN = 12;

/**
 * Props of the button and the box, and whether the box is open: its content need not be there
 * before. The box lies below its button where there is room, else above, and within the window.
 */
export function usePopover<Box extends HTMLElement>(): {
  button: { ref: RefObject<HTMLButtonElement | null>; popoverTarget: string };
  box: {
    id: string;
    ref: RefObject<Box | null>;
    popover: 'auto';
    onToggle: (event: ToggleEvent<Box>) => void;
  };
  open: boolean;
} {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<Box>(null);
  const [open, setOpen] = useState(false);
  const place = () => {
    if (!button.current || !box.current) return;
    const anchor = button.current.getBoundingClientRect();
    const { offsetWidth, offsetHeight, style } = box.current;
    // The box opens towards the middle, whether its button stands left or right.
    const left =
      anchor.left + offsetWidth + MARGIN <= window.innerWidth ? anchor.left : anchor.right - offsetWidth;
    const below = anchor.bottom + GAP + offsetHeight + MARGIN <= window.innerHeight;
    const top = below ? anchor.bottom + GAP : anchor.top - GAP - offsetHeight;
    const within = (value: number, size: number, room: number) =>
      Math.max(MARGIN, Math.min(value, room - size - MARGIN));
    style.left = `${within(left, offsetWidth, window.innerWidth)}px`;
    style.top = `${within(top, offsetHeight, window.innerHeight)}px`;
  };
  const onToggle = ({ newState }: ToggleEvent<Box>) => {
    setOpen(newState === 'open');
    // Once its content is in it.
    if (newState === 'open') requestAnimationFrame(place);
  };
  return {
    button: { ref: button, popoverTarget: id },
    box: { id, ref: box, popover: 'auto', onToggle },
    open,
  };
}
