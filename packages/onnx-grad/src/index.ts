/** ONNX graphs as data and their derivatives as graphs. */
export { intAttribute } from './attributes.ts';
export { differentiate } from './autodiff.ts';
export { blockLayout, dequantize, rows } from './blocks.ts';
export { widenBnb4 } from './bnb4.ts';
export { GraphBuilder, type Value } from './builder.ts';
export { addDims } from './dims.ts';
export { externalize, type ExternalFile } from './externalize.ts';
export { fuse } from './fuse.ts';
export { splitHeadsLast } from './splitHeads.ts';
export { GraphImporter, UnsupportedGraphError, widenTables, type Linear } from './importer.ts';
export {
  DTYPES,
  constantValues,
  elementCount,
  emptyModel,
  float32Constant,
  floatToHalf,
  halfToFloat,
  type Attribute,
  type Constant,
  type DType,
  type Dim,
  type Graph,
  type Model,
  type Node,
  type ValueInfo,
} from './model.ts';
export { OnnxFormatError, readModel, writeModel } from './proto.ts';
export { prune, sortNodes } from './prune.ts';
export { isCheap } from './recompute.ts';
export { fuseSkipNorms } from './skipNorms.ts';
export { BLOCK_ROWS, constantBytes, evenBlocks, rowsInBlock } from './rowBlocks.ts';
