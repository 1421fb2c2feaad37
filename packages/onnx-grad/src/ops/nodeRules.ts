/** The rules of an operator that writing a node needs: its domain, shapes and values known ahead. */
import type { KnownRule } from './knownRules.ts';
import type { ShapeRule } from './shapeRules.ts';

/** Operators outside ONNX's own domain are those of ONNX Runtime's docs/ContribOperators.md. */
export type Domain = 'com.microsoft';

export interface NodeRules {
  domain?: Domain;
  shape: ShapeRule;
  known: KnownRule | NeverKnown;
}

/** No shape arithmetic of an exporter uses the operator, and why. */
export interface NeverKnown {
  never: string;
}
export const never = (why: string): NeverKnown => ({ never: why });

/** Sizes are integers. */
export const REAL = never('it computes with real numbers');
