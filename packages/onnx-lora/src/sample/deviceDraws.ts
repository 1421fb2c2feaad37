/** Tokens that were drawn on the device and were not looked at yet. */
import { copyGraph } from '../runtime/copyGraph.ts';
import {
  type DeviceTensor,
  endSession,
  floats,
  type GraphSession,
  type Runtime,
} from '../runtime/runtime.ts';
import { type ActiveRow, addToken, type TokenSampleOptions } from './sampleRows.ts';

/** Some steps' tokens of `rows`. */
export interface DeviceDraws {
  rows: readonly ActiveRow[];
  steps: number;
  /** [rows, 2 steps]: tokens and log-probabilities in turns. */
  history: DeviceTensor;
  /** The last tokens, [rows, 1]: what the next step reads. */
  ids: DeviceTensor;
}

/** Brings tokens here. */
export class DrawReader {
  private session: Promise<GraphSession> | undefined;

  constructor(private readonly runtime: Runtime) {}

  /** Gives the rows their tokens, up to each one's end, and frees what was on the device. */
  async read(draws: DeviceDraws, options: TokenSampleOptions & { loopTokens?: number }): Promise<void> {
    this.session ??= this.runtime.create(copyGraph(['rows', 'drawn']));
    try {
      const values = floats(await (await this.session).run({ from: draws.history }), 'to');
      draws.rows.forEach((row, i) => {
        for (let step = 0; step < draws.steps && !row.ended; step++) {
          const at = 2 * (i * draws.steps + step);
          addToken(row, values[at]!, values[at + 1]!, options);
        }
      });
    } finally {
      releaseDraws(draws);
    }
  }

  async dispose(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await endSession(session);
  }
}

export function releaseDraws({ history, ids }: DeviceDraws): void {
  history.release();
  ids.release();
}
