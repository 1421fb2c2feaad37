/** The embedded decoder's shape and weights, from its repository's files. */
import { constantValues, elementCount, OnnxFormatError, readModel } from 'onnx-grad';
import { type DecoderConfig, decoderParameters } from './decoder.ts';
import { decoderNumbers, ModelFileError, type Weights } from 'onnx-lora';

const number = (config: Record<string, unknown>, name: string): number => {
  const value = config[name];
  if (typeof value !== 'number') throw new ModelFileError(`config.json lacks the number ${name}`);
  return value;
};

/** The shape from Hugging Face's `config.json` of a Llama-like decoder. */
export function readDecoderConfig(config: Record<string, unknown>): DecoderConfig {
  if (config.model_type !== 'llama') {
    throw new ModelFileError(
      `config.json names the architecture ${String(config.model_type)}; this loader reads llama`,
    );
  }
  const { size, missing, context } = decoderNumbers(config);
  if (!size || context === undefined) {
    throw new ModelFileError(
      `config.json lacks ${[...missing, ...(context ? [] : ['max_position_embeddings'])].join(', ')}.`,
    );
  }
  const { vocabulary, width, layers, heads, keyValueHeads, feedForward } = size;
  if (keyValueHeads !== heads || config.tie_word_embeddings !== true) {
    throw new ModelFileError(
      'This loader reads decoders with tied embeddings and as many key as query heads.',
    );
  }
  return {
    ...{ vocabulary, width, layers, heads, feedForward, context },
    ropeTheta: number(config, 'rope_theta'),
    normEpsilon: number(config, 'rms_norm_eps'),
  };
}

/** The weights of a decoder from its ONNX file's initializers, by name, widened to float32. */
export function readDecoderWeights(file: Uint8Array, config: DecoderConfig): Weights {
  let model: ReturnType<typeof readModel>;
  try {
    model = readModel(file);
  } catch (error) {
    if (!(error instanceof OnnxFormatError)) throw error;
    throw new ModelFileError(`the model file is damaged: ${error.message}.`, {
      cause: error,
    });
  }
  const weights = new Map<string, Float32Array>();
  for (const p of decoderParameters(config)) {
    const constant = model.graph.initializers.get(p.name);
    if (!constant) throw new ModelFileError(`the model file lacks the weight ${p.name}`);
    if (constant.dims.join() !== p.dims.join()) {
      throw new ModelFileError(`${p.name} has shape [${constant.dims}], config.json says [${p.dims}]`);
    }
    const expected = elementCount(p.dims) * (constant.dtype === 'float16' ? 2 : 4);
    if (constant.bytes?.length !== expected) {
      throw new ModelFileError(
        `${p.name} holds ${constant.bytes?.length ?? 0} of ${expected} bytes: the file is damaged`,
      );
    }
    weights.set(p.name, Float32Array.from(constantValues(constant)));
  }
  return weights;
}
