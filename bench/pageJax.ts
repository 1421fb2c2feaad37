/** The page's half of `bench/jaxPage.ts`: the same gradient by ONNX Runtime and by jax-js. */
import { defaultDevice, init } from '@jax-js/jax';
import { Random } from 'onnx-lora/random';
import { decoderParameters } from '../src/embedded/decoder.ts';
import { type Parameter, httpFiles, readJson } from 'onnx-lora';
import { readDecoderConfig, readDecoderWeights } from '../src/embedded/decoderFiles.ts';
import { webRuntime } from '../src/backends/runtime.web.ts';
import { Trainer } from '../src/embedded/decoderTrainer.ts';
import { jaxStep } from './jaxDecoder.ts';
import { type Rate, race } from './race.ts';

export interface JaxRaceOptions {
  /** Address of the embedded model's repository. */
  base: string;
  backend: 'wasm' | 'webgpu';
  rows: number;
  /** Predictions in a row. */
  length: number;
  turns: number;
}
export interface JaxRace {
  rates: Rate[];
  /** Largest relative difference of one matrix's gradient. */
  difference: number;
}

const TUNING = { kind: 'lora', rank: 8, alpha: 16 } as const;
const WEIGHT = 0.01;

async function jaxRace({ base, backend, rows: count, length, turns }: JaxRaceOptions): Promise<JaxRace> {
  await init(backend);
  defaultDevice(backend);
  const files = httpFiles(new URL(base, location.href).href);
  const config = readDecoderConfig(await readJson(files, 'config.json'));
  const weights = readDecoderWeights(await files.read('onnx/model.onnx'), config);
  const trainer = new Trainer(await webRuntime(backend), config, TUNING, weights, 1);
  // Away from the start, where B is zero and no gradient reaches A.
  trainer.weights = trainer.weights.map((w, i) => w + 0.02 * Math.sin(i));
  const { layout } = trainer;
  const random = Random.for(1, 'rows');
  const rows = Array.from({ length: count }, () =>
    Array.from({ length: length + 1 }, () => random.int(config.vocabulary)),
  );
  const size = ({ dims }: Parameter) => dims.reduce((a, b) => a * b, 1);
  const at = (p: Parameter) => layout.offsets.get(p.name)!;
  const pairs = layout.parameters.map((p) => {
    const data = trainer.weights.slice(at(p), at(p) + size(p));
    return [p.name, { dims: p.dims, data }] as const;
  });
  const own = decoderParameters(config).map((p) => [
    p.name,
    { dims: p.dims, data: weights.get(p.name)! },
  ]) as [string, { dims: number[]; data: Float32Array }][];
  const step = jaxStep(config, new Map(own), new Map(pairs), {
    rows,
    weight: WEIGHT,
    scale: TUNING.alpha / TUNING.rank,
  });
  let theirs = new Map<string, Float32Array>();
  const training = rows.map((tokens) => ({
    tokens,
    weight: tokens.slice(1).map(() => WEIGHT),
    advantage: 1,
  }));
  const rates = await race(
    [
      {
        name: 'here (ONNX Runtime)',
        run: async () => {
          trainer.clearGradient();
          await trainer.accumulate(training, { clip: 0, klWeight: 0 });
          return count * length;
        },
      },
      {
        name: 'jax-js',
        run: async () => {
          theirs = await step();
          return count * length;
        },
      },
    ],
    turns,
  );
  await trainer.fetch();
  const differences = layout.parameters.map((p) => {
    const expected = theirs.get(p.name)!;
    const off = expected.reduce((sum, g, i) => sum + (g - trainer.accumulated[at(p) + i]!) ** 2, 0);
    return Math.sqrt(off / expected.reduce((sum, g) => sum + g * g, 0));
  });
  return { rates, difference: Math.max(...differences) };
}

Object.assign(globalThis, { jaxRace });
