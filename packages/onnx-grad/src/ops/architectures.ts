/** Operators of models that are no dense decoders of attention throughout. */
import type { Family, RefusedOperator } from './operator.ts';

const experts: RefusedOperator = {
  refused: (where) =>
    `this model routes tokens to experts (${where}), which is not supported: choose a dense model`,
};
/** Their layers keep another memory than keys and values. */
const recurrent: RefusedOperator = {
  refused: (where) =>
    `this model has layers besides attention (${where}), which is not supported: choose a decoder of attention throughout`,
};

export const OTHER_ARCHITECTURES: Family = {
  MoE: experts,
  QMoE: experts,
  TopK: experts,
  Conv: recurrent,
  Scan: recurrent,
  Loop: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};
