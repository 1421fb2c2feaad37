/** ONNX files read and written: round trips, other people's encodings, damaged files, other people's models. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { fixtureFolder, FIXTURES, MORE_FIXTURES } from '../../fixtures/models/folders.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { GraphBuilder } from '../../../packages/onnx-grad/src/builder.ts';
import {
  constantValues,
  emptyModel,
  float32Constant,
  type Graph,
  int64Constant,
  type Model,
} from '../../../packages/onnx-grad/src/model.ts';
import { OnnxFormatError, readModel, writeModel } from '../../../packages/onnx-grad/src/proto.ts';

const raw = (...bytes: number[]) => Uint8Array.from(bytes);

/** A model that uses everything that the format here has. */
function everything(): Model {
  const model = emptyModel('everything');
  model.irVersion = 10;
  model.producer = 'Grüße';
  const branch: Graph = {
    name: 'then',
    nodes: [{ op: 'Identity', domain: '', name: '', inputs: ['x'], outputs: ['branch'], attributes: {} }],
    inputs: new Map(),
    outputs: new Map([['branch', { dtype: 'float32', shape: ['rows', 3] }]]),
    initializers: new Map([['inner', int64Constant([2], [-1, 5])]]),
  };
  model.graph = {
    name: 'main',
    inputs: new Map([
      ['x', { dtype: 'float32', shape: ['rows', 3] }],
      ['scalar', { dtype: 'bool', shape: [] }],
    ]),
    outputs: new Map([['y', { dtype: 'float16', shape: [0, 'rows*3', 7] }]]),
    nodes: [
      {
        op: 'Anything',
        domain: 'com.microsoft',
        name: 'first',
        inputs: ['x', '', 'halves'],
        outputs: ['y', '', 'z'],
        attributes: {
          zero: { type: 'int', value: 0 },
          negative: { type: 'int', value: -7 },
          large: { type: 'int', value: Number.MAX_SAFE_INTEGER },
          smallest: { type: 'int', value: -(2 ** 63) },
          float: { type: 'float', value: Math.fround(-1e-5) },
          text: { type: 'string', value: 'schön' },
          empty: { type: 'string', value: '' },
          tensor: { type: 'tensor', value: float32Constant([1, 2], [1, -0]) },
          branch: { type: 'graph', value: branch },
          ints: { type: 'ints', value: [-1, 0, 1, 2 ** 40, -(2 ** 40)] },
          noInts: { type: 'ints', value: [] },
          floats: { type: 'floats', value: [0.5, -2, Number.POSITIVE_INFINITY] },
          strings: { type: 'strings', value: ['a', '', 'ß'] },
        },
      },
      { op: 'Relu', domain: '', name: 'second', inputs: ['z'], outputs: ['w'], attributes: {} },
    ],
    initializers: new Map([
      ['halves', { dtype: 'float16', dims: [3], bytes: raw(0, 0x3c, 0, 0xc0, 0xff, 0x7b) }],
      ['nothing', { dtype: 'float32', dims: [0, 4], bytes: new Uint8Array(0) }],
      ['bits', { dtype: 'uint4', dims: [3], bytes: raw(0x21, 0x03) }],
      ['doubles', { dtype: 'float64', dims: [1], bytes: new Uint8Array(Float64Array.of(Math.PI).buffer) }],
      ['flags', { dtype: 'bool', dims: [2], bytes: raw(1, 0) }],
      ['negative', int64Constant([2], [-1, -(2 ** 62)])],
      ['whole file', { dtype: 'float32', dims: [2], external: { location: 'model.onnx.data', offset: 0 } }],
      ['a part', { dtype: 'int8', dims: [5], external: { location: 'more.bin', offset: 4096, length: 5 } }],
    ]),
  };
  return model;
}

test('writing and reading gives the same model', () => {
  expect(readModel(writeModel(everything()))).toEqual(everything());
});

// -- Encodings that other writers use -----------------------------------------------------------

/** A minimal protobuf writer, independent of the one under test. */
const int = (value: bigint): number[] => {
  let rest = BigInt.asUintN(64, value);
  const out: number[] = [];
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return out;
};
const field = (number: number, wire: number) => int(BigInt(number * 8 + wire));
const varintField = (number: number, value: bigint) => [...field(number, 0), ...int(value)];
const bytesField = (number: number, bytes: number[]) => [
  ...field(number, 2),
  ...int(BigInt(bytes.length)),
  ...bytes,
];
const textField = (number: number, text: string) => bytesField(number, [...new TextEncoder().encode(text)]);
const opset = bytesField(8, varintField(2, 18n));
const node = bytesField(1, [...textField(1, 'x'), ...textField(2, 'y'), ...textField(4, 'Relu')]);
const modelWith = (graphFields: number[]): Uint8Array =>
  Uint8Array.from([...bytesField(7, [...node, ...graphFields]), ...opset]);
const floatBytes = (...values: number[]) => [...new Uint8Array(Float32Array.from(values).buffer)];
const doubleBytes = (...values: number[]) => [...new Uint8Array(Float64Array.from(values).buffer)];

/** A tensor named t of ONNX element type `code`, its data in a typed field. */
const tensorModel = (code: number, dims: bigint[], data: number[]): Uint8Array =>
  modelWith(
    bytesField(5, [
      ...dims.flatMap((d) => varintField(1, d)),
      ...varintField(2, BigInt(code)),
      ...textField(8, 't'),
      ...data,
    ]),
  );
const readTensor = (bytes: Uint8Array) => readModel(bytes).graph.initializers.get('t')!;

test.each([
  ['float_data, packed', 1, bytesField(4, floatBytes(1.5, -2)), [1.5, -2]],
  ['float_data, unpacked', 1, [1.5, -2].flatMap((v) => [...field(4, 5), ...floatBytes(v)]), [1.5, -2]],
  ['double_data, packed', 11, bytesField(10, doubleBytes(Math.E, 0)), [Math.E, 0]],
  [
    'double_data, unpacked',
    11,
    [Math.E, 0].flatMap((v) => [...field(10, 1), ...doubleBytes(v)]),
    [Math.E, 0],
  ],
  ['int64_data, packed', 7, bytesField(7, [...int(-3n), ...int(2n ** 40n)]), [-3, 2 ** 40]],
  ['int64_data, unpacked', 7, [...varintField(7, -3n), ...varintField(7, 5n)], [-3, 5]],
  ['int32_data of int32', 6, bytesField(5, [...int(-3n), ...int(7n)]), [-3, 7]],
  ['int32_data of int8', 3, bytesField(5, [...int(-3n), ...int(7n)]), [-3, 7]],
  ['int32_data of uint8', 2, bytesField(5, [...int(200n), ...int(7n)]), [200, 7]],
  ['int32_data of bool', 9, bytesField(5, [...int(1n), ...int(0n)]), [1, 0]],
  ['int32_data of float16', 10, bytesField(5, [...int(0x3c00n), ...int(0xc000n)]), [1, -2]],
  ['int32_data of bfloat16', 16, bytesField(5, [...int(0x3f80n), ...int(0xc000n)]), [1, -2]],
] as [string, number, number[], number[]][])('%s', (_name, code, data, expected) => {
  const constant = readTensor(tensorModel(code, [2n], data));
  expect([...constantValues(constant)]).toEqual(expected);
});

test('dimensions and integer attributes may be packed or not', () => {
  const packed = modelWith(
    bytesField(5, [
      ...bytesField(1, [...int(2n), ...int(300n)]),
      ...varintField(2, 2n),
      ...textField(8, 't'),
      ...bytesField(9, new Array(600).fill(1)),
    ]),
  );
  expect(readTensor(packed).dims).toEqual([2, 300]);
  const ints = (data: number[]) =>
    modelWith(
      bytesField(1, [
        ...textField(4, 'Op'),
        ...bytesField(5, [...textField(1, 'axes'), ...data, ...varintField(20, 7n)]),
      ]),
    );
  for (const data of [
    [...varintField(8, -1n), ...varintField(8, 300n)],
    bytesField(8, [...int(-1n), ...int(300n)]),
  ]) {
    expect(readModel(ints(data)).graph.nodes[1]!.attributes.axes).toEqual({ type: 'ints', value: [-1, 300] });
  }
});

test('the largest and smallest 64-bit integers survive', () => {
  // Slice marks "to the end" with INT64_MAX, which a double cannot hold.
  const data = bytesField(7, [...int(2n ** 63n - 1n), ...int(-(2n ** 63n))]);
  const constant = readTensor(tensorModel(7, [2n], data));
  expect([...new BigInt64Array(constant.bytes!.slice().buffer)]).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  const attribute = (value: bigint) =>
    modelWith(
      bytesField(1, [
        ...textField(4, 'Op'),
        ...bytesField(5, [...textField(1, 'to'), ...varintField(3, value), ...varintField(20, 2n)]),
      ]),
    );
  for (const value of [2n ** 63n - 1n, -(2n ** 63n)]) {
    const again = writeModel(readModel(attribute(value)));
    expect(readModel(again).graph.nodes[1]!.attributes.to).toEqual({ type: 'int', value: Number(value) });
  }
});

test('fields that are not needed are passed over, and names of the default domain are one', () => {
  const bytes = Uint8Array.from([
    ...varintField(5, 3n),
    ...textField(6, 'documentation'),
    ...bytesField(14, [...textField(1, 'key'), ...textField(2, 'value')]),
    ...bytesField(7, [
      ...bytesField(1, [...textField(4, 'Relu'), ...textField(7, 'ai.onnx')]),
      ...textField(10, 'notes'),
    ]),
    ...bytesField(8, [...textField(1, 'ai.onnx'), ...varintField(2, 17n)]),
  ]);
  const model = readModel(bytes);
  expect(model.opsets).toEqual({ '': 17 });
  expect(model.graph.nodes[0]!.domain).toBe('');
});

// -- Damage -------------------------------------------------------------------------------------

const small = (): Uint8Array => {
  const b = new GraphBuilder('small');
  const x = b.input('x', 'float32', ['rows', 1, 'seq', 2]);
  const positions = b.input('positions', 'int64', ['rows', 'seq']);
  const table = b.initializer('table', float32Constant([2, 1], [1, 2]));
  // An operator of a second domain, so that the file's last bytes matter too.
  b.output('y', b.node('RotaryEmbedding', [x, positions, table, table]));
  return writeModel(b.model);
};

test('a file cut short anywhere is refused with OnnxFormatError', () => {
  const whole = small();
  for (let n = 0; n < whole.length; n++) {
    expect(() => readModel(whole.subarray(0, n)), `${n} of ${whole.length} bytes`).toThrow(OnnxFormatError);
  }
});

test('a damaged file is read so that it can be written, or refused with OnnxFormatError', () => {
  const whole = writeModel(everything());
  const random = new Random(3);
  let refused = 0;
  for (let i = 0; i < 2000; i++) {
    const bytes = whole.slice();
    bytes[random.int(bytes.length)] = random.int(256);
    try {
      writeModel(readModel(bytes));
    } catch (error) {
      refused++;
      if (!(error instanceof OnnxFormatError)) throw error;
    }
  }
  expect(refused).toBeGreaterThan(200);
});

test.each([
  ['nothing', ''],
  ['a web page', '<!doctype html><html><body>Not found</body></html>'],
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n'],
  ['JSON', '{"error": "not found"}'],
])('%s is no model', (_name, text) => {
  expect(() => readModel(new TextEncoder().encode(text))).toThrow(OnnxFormatError);
});

test.each([
  ['text tensors', tensorModel(8, [1n], textField(6, 'a')), /text/],
  ['an unknown element type', tensorModel(14, [1n], []), /type 14/],
  ['sparse initializers', modelWith(bytesField(15, [])), /sparse/],
  ['functions', Uint8Array.from([...bytesField(7, node), ...opset, ...bytesField(25, [])]), /functions/],
  [
    'a tensor with too few bytes',
    tensorModel(1, [3n], bytesField(9, floatBytes(1, 2))),
    /needs 12 bytes and has 8/,
  ],
])('%s are refused with the reason', (_name, bytes, reason) => {
  expect(() => readModel(bytes)).toThrow(OnnxFormatError);
  expect(() => readModel(bytes)).toThrow(reason);
});

// -- Models that other tools wrote ---------------------------------------------------------------

const graphIn = (folder: string) =>
  readdirSync(join(folder, 'onnx'))
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(folder, 'onnx', name))[0]!;
const files = [...FIXTURES, ...MORE_FIXTURES].map((name) => ({ name, path: graphIn(fixtureFolder(name)) }));

/** Three tokens after an empty cache, for whatever inputs a decoder's export has. */
function feedsFor(model: Model): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, { dtype, shape }] of model.graph.inputs) {
    const dims = shape.map((d) =>
      typeof d === 'number' ? d : /^batch/.test(d) ? 1 : /^past[^+]*$/.test(d) ? 0 : 3,
    );
    const n = dims.reduce((a, b) => a * b, 1);
    const value = (i: number) => (name.includes('mask') ? 1 : name.includes('position') ? i : 7 + 5 * i);
    const data =
      dtype === 'int64'
        ? BigInt64Array.from({ length: n }, (_, i) => BigInt(value(i)))
        : dtype === 'float16'
          ? new Uint16Array(n)
          : new Float32Array(n);
    feeds[name] = new ort.Tensor(dtype as 'int64', data as BigInt64Array, dims);
  }
  return feeds;
}

function readAndWrittenAgain(path: string): void {
  const model = readModel(readFileSync(path));
  const again = readModel(writeModel(model));
  expect(again.graph.nodes.length).toBe(model.graph.nodes.length);
  expect(digested(again)).toEqual(digested(model));
}

describe("other tools' models", () => {
  test.each(files)('$name: what is read is what is written', ({ path }) => readAndWrittenAgain(path));

  test.skipIf(lacksShared(SMOLLM2))(needs(SMOLLM2, 'what is read is what is written'), () =>
    readAndWrittenAgain(graphIn(sharedFolder + SMOLLM2)),
  );

  test.each(files)('$name: the rewritten file gives the same outputs', async ({ path }) => {
    const model = readModel(readFileSync(path));
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    try {
      const locations = [...model.graph.initializers.values()].flatMap((c) => c.external?.location ?? []);
      for (const location of new Set(locations))
        copyFileSync(join(dirname(path), location), join(folder, location));
      const copy = join(folder, 'model.onnx');
      writeFileSync(copy, writeModel(model));
      const run = async (file: string) => {
        const session = await ort.InferenceSession.create(file, {
          intraOpNumThreads: 1,
          logSeverityLevel: 3,
        });
        try {
          return await session.run(feedsFor(model));
        } finally {
          await session.release();
        }
      };
      const [expected, actual] = [await run(path), await run(copy)];
      expect(Object.keys(actual)).toEqual([...model.graph.outputs.keys()]);
      for (const [name, tensor] of Object.entries(expected)) {
        expect(actual[name]!.dims).toEqual(tensor.dims);
        expect(Buffer.compare(Buffer.from(bytesOf(actual[name]!)), Buffer.from(bytesOf(tensor))), name).toBe(
          0,
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The same with a digest in place of each tensor's bytes, so that a difference can be shown. */
function digested(value: unknown): unknown {
  if (value instanceof Uint8Array) return createHash('sha256').update(value).digest('hex');
  if (value instanceof Map) return new Map(Array.from(value, ([key, v]) => [key, digested(v)]));
  if (Array.isArray(value)) return value.map(digested);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, digested(v)]));
}

function bytesOf(tensor: ort.Tensor): Uint8Array {
  const data = tensor.data as Float32Array;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
