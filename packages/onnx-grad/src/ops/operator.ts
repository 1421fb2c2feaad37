/**
 * The record of an operator: all that this package knows of it. A record stands in the file of the
 * operator's family, and `table.ts` joins the families. Fields that every operator has to decide on are
 * required, so that an operator without a gradient, or without values known ahead, says why.
 */
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Attribute, Node } from '../model.ts';
import type { Domain, NodeRules } from './nodeRules.ts';

/** `GraphOperator` for those that graphs of this project hold, the others for those that exports alone hold. */
export type Operator = GraphOperator | LoweredOperator | RefusedOperator;

/**
 * A family: records by the operator's name. Where two domains have different operators of one name, the
 * name carries the domain: `ai.onnx.RotaryEmbedding`, `com.microsoft.Attention`.
 */
export type Family = Record<string, Operator>;

/** An operator that a graph may hold: it can be written, run, and, with a gradient, trained through. */
export interface GraphOperator extends NodeRules {
  /** The domain that nodes are written in; absent: ONNX's own. */
  domain?: Domain;
  gradient: GradientRule | NoGradient;
  cheap: Cheap;
  /** Rewrites an exported node where other operators do better; without it the node is taken as it is. */
  lower?: LoweringRule;
  import?: ImportRules;
}

/** A fused operator, rewritten as the primitive ones that it stands for when a graph is imported. */
export interface LoweredOperator {
  lower: LoweringRule;
}

/** An operator that an export may hold and that cannot be imported. */
export interface RefusedOperator {
  /** The message for the user, who may choose another export; `where` names the operator and its node. */
  refused: (where: string) => string;
}

// ---------------------------------------------------------------------------------------------
// Gradients

export interface GradientContext {
  b: GraphWriter;
  /** The node as its gradient reads it: values that are computed again have other names than in the forward pass. */
  node: Node;
  /** The node as it stands in the forward pass. */
  forward: Node;
  /** Gradient of the loss with respect to output i; undefined where the loss does not depend on it. */
  grad(i: number): Value | undefined;
  /** Whether the gradient of input i is needed. */
  wanted(i: number): boolean;
  /** The one forward node through which a value reaches the loss, and the gradient of its output; undefined where there are several. */
  only(value: Value): { node: Node; dy: Value } | undefined;
}

/** Gives the gradient of each input (undefined: none) from `dy`, that of the first output. */
export type GradientRule = (c: GradientContext, dy: Value) => (Value | undefined)[];

/** The operator has no gradient rule, and why. */
export interface NoGradient {
  noGradient: string;
}
export const noGradient = (why: string): NoGradient => ({ noGradient: why });

/** The output is of integers or booleans. */
export const NOT_REAL = noGradient('its output is not of real numbers');

// ---------------------------------------------------------------------------------------------
// Computing again

export interface CheapContext {
  node: Node;
  /** Whether both last axes of the output have sizes known only at run time: attention's scores, one for each pair of tokens. */
  forEachPair: boolean;
  /** Whether a value depends on the weights that are trained. */
  depends: (value: Value) => boolean;
}

/**
 * Whether the backward pass may compute the operator again instead of keeping its output: `true` for at
 * most a few passes over memory, 'view' for one that copies nothing, `false` for products with weights,
 * sums over an axis and what no decoder has needed yet.
 */
export type Cheap = boolean | 'view' | ((c: CheapContext) => boolean);

// ---------------------------------------------------------------------------------------------
// Importing

/** Values that fused attention reads besides its inputs. */
export interface AttentionSource {
  /** Position of each token, int64 [B, T]. */
  positions(): Value;
  /** Additive mask [B, 1, T, S]: causal, hides padding, and reaches `window` tokens back (all of them where absent). */
  bias(window: number | undefined): Value;
}

export interface LoweringContext {
  b: GraphWriter;
  /** The exported node. */
  node: Node;
  /** Values of its inputs; empty where an optional input is absent. */
  inputs: Value[];
  attention: AttentionSource;
}

/** One value for each output of the node; undefined for those that may not be read. Throws `LoweringError`. */
export type LoweringRule = (c: LoweringContext) => (Value | undefined)[];

/** A use of a fused operator that is not supported; the message names the operator, the use and the node. */
export class LoweringError extends Error {
  override name = 'LoweringError';
}

export interface ImportContext {
  b: GraphWriter;
  node: Node;
  inputs: Value[];
}

/** How an exported node changes on its way into a graph. */
export interface ImportRules {
  /** The value that equals the node's output, where no node is needed for it: most often an input. */
  fold?: (c: ImportContext) => Value | undefined;
  /** The node's inputs and attributes in the form of the newest opset; may change those of the context. */
  update?: (c: ImportContext & { attributes: Record<string, Attribute> }) => void;
  /** A simpler value in place of the output `y`, where sizes turned out to be known. */
  shorten?: (c: ImportContext, y: Value) => Value | undefined;
}
