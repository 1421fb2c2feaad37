/** The climb of the open run, or the empty one that stands there before it. */
import { useCallback } from 'react';
import type { RunState, Stone } from '../../run/state.ts';
import { EMBEDDED_MODEL } from '../../lab/models.ts';
import { Climb } from '../figures/Climb.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';

export function RunClimb() {
  const { climb, span, past, other } = useShown();
  const { sheet, bank } = usePage('sheet', 'bank');
  const { sheets } = useActions();
  const openStone = useCallback(
    (stone: Stone, of: RunState | null) => sheets.open('stone', { id: stone.id, of }),
    [sheets],
  );
  const openGoalpost = useCallback((id: string) => sheets.open('goalpost', { id, of: null }), [sheets]);
  return (
    <Climb
      state={climb}
      lastIteration={span}
      past={past}
      other={other}
      known={climb.model === EMBEDDED_MODEL ? bank?.distances : undefined}
      selected={sheet?.name === 'stone' ? sheet.ask : null}
      onOpen={openStone}
      onOpenGoalpost={openGoalpost}
    />
  );
}
