/** Signs on the buttons of a run and of time, as on players of music. */
const PATHS = {
  play: 'M3 1.5v11l9-5.5z',
  pause: 'M3 2h3v10H3zM8 2h3v10H8z',
  step: 'M2 2v10l7-5zM10 2h2v10h-2z',
  stop: 'M2.5 2.5h9v9h-9z',
  back: 'M9.5 1.5v11l-7-5.5zM1 2h1.5v10H1z',
  forth: 'M4.5 1.5v11l7-5.5zM11.5 2H13v10h-1.5z',
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
      <path d={PATHS[name]} fill="currentcolor" />
    </svg>
  );
}
