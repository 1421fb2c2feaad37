/**
 * Reads and writes ONNX files (protobuf wire format, onnx.proto3). Tensor bytes are views into the
 * file, not copies: reading a model takes as much memory and time as its graph without the weights.
 */
import {
  type Attribute,
  type Constant,
  type DType,
  DTYPES,
  elementCount,
  type Graph,
  type Model,
  type Node,
  type ValueInfo,
} from './model.ts';

const dtypeByCode = new Map<number, DType>(
  (Object.keys(DTYPES) as DType[]).map((name) => [DTYPES[name].code, name]),
);

/** The bytes are not an ONNX model that can be read; the message says why. */
export class OnnxFormatError extends Error {
  override name = 'OnnxFormatError';
}

// ---------------------------------------------------------------------------------------------
// Reading

type Field = { number: number; wire: number; value: number; bytes: Uint8Array };
const utf8 = new TextDecoder();
const none = new Uint8Array(0);

/** The integer that starts at byte `at`, and the byte after it. */
function varint(bytes: Uint8Array, at: number): { value: number; end: number } {
  // Values above 2^53 occur only as bounds (such as INT64_MAX in Slice), for which a rounded double is enough.
  let low = 0;
  let high = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 63)
      throw new OnnxFormatError('the file ends inside a number: it is truncated');
    if (shift < 28) low += (byte & 127) * 2 ** shift;
    else high += (byte & 127) * 2 ** (shift - 28);
    if (byte < 128) break;
  }
  return { value: high < 2 ** 35 ? low + high * 2 ** 28 : low + (high - 2 ** 36) * 2 ** 28, end: at };
}

function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const next = (): number => {
    const { value, end } = varint(bytes, at);
    at = end;
    return value;
  };
  while (at < bytes.length) {
    const tag = next();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, wire, value: next(), bytes: none };
    else if (wire === 2) {
      const length = next();
      if (at + length > bytes.length || length < 0) {
        throw new OnnxFormatError(
          `the file ends inside a field of ${length} bytes (${bytes.length - at} are left): it is truncated or not an ONNX model`,
        );
      }
      yield { number, wire, value: 0, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else if (wire === 5) {
      if (at + 4 > bytes.length) throw new OnnxFormatError('the file ends inside a number: it is truncated');
      yield { number, wire, value: view.getFloat32(at, true), bytes: bytes.subarray(at, at + 4) };
      at += 4;
    } else if (wire === 1) {
      if (at + 8 > bytes.length) throw new OnnxFormatError('the file ends inside a number: it is truncated');
      yield { number, wire, value: view.getFloat64(at, true), bytes: bytes.subarray(at, at + 8) };
      at += 8;
    } else throw new OnnxFormatError(`wire type ${wire} is not protobuf: this is not an ONNX model`);
  }
}

const WIRES = { varint: 0, float: 5, double: 1 } as const;

/** The number in a field. Throws where the field is of another kind. */
function single(field: Field, kind: keyof typeof WIRES): number {
  if (field.wire !== WIRES[kind]) {
    throw new OnnxFormatError(`field ${field.number} is not of the kind ${kind}: this is not an ONNX model`);
  }
  return field.value;
}

/** A repeated numeric field, packed or not. */
function numbers(field: Field, kind: keyof typeof WIRES): number[] {
  if (field.wire !== 2) return [single(field, kind)];
  const { bytes } = field;
  if (kind === 'varint') {
    const out: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { value, end } = varint(bytes, at);
      out.push(value);
      at = end;
    }
    return out;
  }
  if (bytes.length % (kind === 'float' ? 4 : 8)) {
    throw new OnnxFormatError(`${bytes.length} bytes are no list of ${kind}s: the file is damaged`);
  }
  const copy = bytes.slice().buffer;
  return Array.from(kind === 'float' ? new Float32Array(copy) : new Float64Array(copy));
}

/** `list.push(...more)` would overflow the stack on a large tensor. */
function append(list: number[], more: readonly number[]): void {
  for (const v of more) list.push(v);
}

function readDType(code: number): DType {
  const dtype = dtypeByCode.get(code);
  if (!dtype) throw new OnnxFormatError(`element type ${code} is not supported`);
  return dtype;
}

function readTensor(bytes: Uint8Array): { name: string; constant: Constant } {
  let name = '';
  let code = 1;
  let raw: Uint8Array | undefined;
  let located = false;
  const dims: number[] = [];
  const typed = { float: [] as number[], double: [] as number[], varint: [] as number[] };
  const external: Record<string, string> = {};
  for (const f of fields(bytes)) {
    if (f.number === 1) dims.push(...numbers(f, 'varint'));
    else if (f.number === 2) code = single(f, 'varint');
    else if (f.number === 4) append(typed.float, numbers(f, 'float'));
    else if (f.number === 5 || f.number === 7 || f.number === 11) append(typed.varint, numbers(f, 'varint'));
    else if (f.number === 10) append(typed.double, numbers(f, 'double'));
    else if (f.number === 8) name = utf8.decode(f.bytes);
    else if (f.number === 9) raw = f.bytes;
    else if (f.number === 14) located = single(f, 'varint') === 1;
    else if (f.number === 13) {
      let key = '';
      let value = '';
      for (const e of fields(f.bytes)) {
        if (e.number === 1) key = utf8.decode(e.bytes);
        else if (e.number === 2) value = utf8.decode(e.bytes);
      }
      external[key] = value;
    }
  }
  const dtype = readDType(code);
  if (located) {
    const { location, offset = '0', length } = external;
    if (!location) throw new OnnxFormatError(`tensor ${name} names no file for its external data`);
    return {
      name,
      constant: {
        dtype,
        dims,
        external: {
          location,
          offset: Number(offset),
          ...(length === undefined ? {} : { length: Number(length) }),
        },
      },
    };
  }
  const data =
    raw ??
    packValues(dtype, typed[dtype === 'float32' ? 'float' : dtype === 'float64' ? 'double' : 'varint']);
  const expected = Math.ceil(elementCount(dims) * DTYPES[dtype].bytes);
  if (dtype === 'string' || data.length !== expected) {
    throw new OnnxFormatError(
      dtype === 'string'
        ? `tensor ${name} holds text, which is not supported`
        : `tensor ${name} of ${dtype}[${dims}] needs ${expected} bytes and has ${data.length}: the file is damaged`,
    );
  }
  return { name, constant: { dtype, dims, bytes: data } };
}

/** INT64_MAX read as a double is 2^63, which must not wrap around to the smallest number. */
function toInt64(value: number): bigint {
  return value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
}

function packValues(dtype: DType, values: number[]): Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(values).buffer);
    case 'int64':
    case 'uint64':
      return new Uint8Array(BigInt64Array.from(values, toInt64).buffer);
    case 'int32':
    case 'uint32':
      return new Uint8Array(Int32Array.from(values).buffer);
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return new Uint8Array(Uint16Array.from(values).buffer);
    default:
      return Uint8Array.from(values);
  }
}

function readAttribute(bytes: Uint8Array): [string, Attribute] {
  let name = '';
  let type = 0;
  let f32 = 0;
  let int = 0;
  let text = '';
  let tensor: Constant | undefined;
  let graph: Graph | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  for (const f of fields(bytes)) {
    if (f.number === 1) name = utf8.decode(f.bytes);
    else if (f.number === 2) f32 = single(f, 'float');
    else if (f.number === 3) int = single(f, 'varint');
    else if (f.number === 4) text = utf8.decode(f.bytes);
    else if (f.number === 5) tensor = readTensor(f.bytes).constant;
    else if (f.number === 6) graph = readGraph(f.bytes);
    else if (f.number === 7) floats.push(...numbers(f, 'float'));
    else if (f.number === 8) ints.push(...numbers(f, 'varint'));
    else if (f.number === 9) strings.push(utf8.decode(f.bytes));
    else if (f.number === 20) type = single(f, 'varint');
  }
  switch (type) {
    case 1:
      return [name, { type: 'float', value: f32 }];
    case 2:
      return [name, { type: 'int', value: int }];
    case 3:
      return [name, { type: 'string', value: text }];
    case 4:
      if (!tensor) break;
      return [name, { type: 'tensor', value: tensor }];
    case 5:
      if (!graph) break;
      return [name, { type: 'graph', value: graph }];
    case 6:
      return [name, { type: 'floats', value: floats }];
    case 7:
      return [name, { type: 'ints', value: ints }];
    case 8:
      return [name, { type: 'strings', value: strings }];
  }
  throw new OnnxFormatError(`attribute ${name} has type ${type}, which is not supported`);
}

/** The innermost module in torch.onnx's `name_scopes` of a node, which is a list as Python prints it. */
function readScope(bytes: Uint8Array): string | undefined {
  let key = '';
  let value = '';
  for (const f of fields(bytes)) {
    if (f.number === 1) key = utf8.decode(f.bytes);
    else if (f.number === 2) value = utf8.decode(f.bytes);
  }
  if (key !== 'pkg.torch.onnx.name_scopes') return undefined;
  // The last entry is the operator itself, the one before it the module.
  return [...value.matchAll(/'([^']*)'/g)].map((m) => m[1]!).at(-2);
}

function readNode(bytes: Uint8Array): Node {
  const node: Node = { op: '', domain: '', name: '', inputs: [], outputs: [], attributes: {} };
  for (const f of fields(bytes)) {
    if (f.number === 1) node.inputs.push(utf8.decode(f.bytes));
    else if (f.number === 2) node.outputs.push(utf8.decode(f.bytes));
    else if (f.number === 3) node.name = utf8.decode(f.bytes);
    else if (f.number === 4) node.op = utf8.decode(f.bytes);
    else if (f.number === 5) {
      const [name, attribute] = readAttribute(f.bytes);
      node.attributes[name] = attribute;
    } else if (f.number === 7) node.domain = utf8.decode(f.bytes);
    else if (f.number === 9) {
      const scope = readScope(f.bytes);
      if (scope) node.scope = scope;
    }
  }
  if (node.domain === 'ai.onnx') node.domain = '';
  return node;
}

function readValueInfo(bytes: Uint8Array, position: string): { name: string; info: ValueInfo } {
  let name = '';
  const info: ValueInfo = { dtype: 'float32', shape: [] };
  for (const f of fields(bytes)) {
    if (f.number === 1) name = utf8.decode(f.bytes);
    else if (f.number === 2) {
      for (const t of fields(f.bytes)) {
        if (t.number !== 1) continue;
        for (const u of fields(t.bytes)) {
          if (u.number === 1) info.dtype = readDType(single(u, 'varint'));
          else if (u.number === 2) {
            for (const d of fields(u.bytes)) {
              let dim: number | string = `${position}.${name}.${info.shape.length}`;
              for (const v of fields(d.bytes)) {
                if (v.number === 1) dim = single(v, 'varint');
                else if (v.number === 2 && v.bytes.length) dim = utf8.decode(v.bytes);
              }
              info.shape.push(dim);
            }
          }
        }
      }
    }
  }
  return { name, info };
}

function readGraph(bytes: Uint8Array): Graph {
  const graph: Graph = {
    name: '',
    nodes: [],
    inputs: new Map(),
    outputs: new Map(),
    initializers: new Map(),
  };
  for (const f of fields(bytes)) {
    if (f.number === 1) graph.nodes.push(readNode(f.bytes));
    else if (f.number === 2) graph.name = utf8.decode(f.bytes);
    else if (f.number === 5) {
      const { name, constant } = readTensor(f.bytes);
      graph.initializers.set(name, constant);
    } else if (f.number === 11 || f.number === 12) {
      const { name, info } = readValueInfo(f.bytes, f.number === 11 ? 'in' : 'out');
      (f.number === 11 ? graph.inputs : graph.outputs).set(name, info);
    } else if (f.number === 15) throw new OnnxFormatError('sparse initializers are not supported');
  }
  // Before IR version 4, initializers had to be among the inputs too.
  for (const name of graph.initializers.keys()) graph.inputs.delete(name);
  return graph;
}

/** Throws `OnnxFormatError` on bytes that are no ONNX model, a truncated download among them. */
export function readModel(bytes: Uint8Array): Model {
  const model: Model = {
    irVersion: 0,
    producer: '',
    opsets: {},
    graph: { name: '', nodes: [], inputs: new Map(), outputs: new Map(), initializers: new Map() },
  };
  for (const f of fields(bytes)) {
    if (f.number === 1) model.irVersion = single(f, 'varint');
    else if (f.number === 2) model.producer = utf8.decode(f.bytes);
    else if (f.number === 7) model.graph = readGraph(f.bytes);
    else if (f.number === 8) {
      let domain = '';
      let version = 0;
      for (const o of fields(f.bytes)) {
        if (o.number === 1) domain = utf8.decode(o.bytes);
        else if (o.number === 2) version = single(o, 'varint');
      }
      model.opsets[domain === 'ai.onnx' ? '' : domain] = version;
    } else if (f.number === 25)
      throw new OnnxFormatError('functions defined inside the model are not supported');
  }
  if (model.graph.nodes.length === 0) {
    throw new OnnxFormatError('the file holds no graph: it is not an ONNX model, or its end is missing');
  }
  for (const { domain } of model.graph.nodes) {
    if (model.opsets[domain] === undefined) {
      throw new OnnxFormatError(
        `the file names no version of the operators in ${domain || 'ai.onnx'}: its end is missing`,
      );
    }
  }
  return model;
}

// ---------------------------------------------------------------------------------------------
// Writing

const encoder = new TextEncoder();

/** Collects chunks and joins them once, so that large tensors are copied once. */
class Writer {
  private chunks: Uint8Array[] = [];
  private size = 0;

  private push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.size += bytes.length;
  }
  private varint(value: number): void {
    let rest = BigInt.asUintN(64, toInt64(value));
    const out: number[] = [];
    while (rest > 127n) {
      out.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    out.push(Number(rest));
    this.push(Uint8Array.from(out));
  }
  int(field: number, value: number): void {
    this.varint(field * 8);
    this.varint(value);
  }
  float(field: number, value: number): void {
    this.varint(field * 8 + 5);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
  }
  bytes(field: number, value: Uint8Array): void {
    this.varint(field * 8 + 2);
    this.varint(value.length);
    this.push(value);
  }
  text(field: number, value: string): void {
    this.bytes(field, encoder.encode(value));
  }
  message(field: number, fill: (w: Writer) => void): void {
    const inner = new Writer();
    fill(inner);
    this.varint(field * 8 + 2);
    this.varint(inner.size);
    for (const chunk of inner.chunks) this.push(chunk);
  }
  join(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}

function writeTensor(w: Writer, name: string, constant: Constant): void {
  for (const d of constant.dims) w.int(1, d);
  w.int(2, DTYPES[constant.dtype].code);
  if (name) w.text(8, name);
  if (constant.external && !constant.bytes) {
    const { location, offset, length } = constant.external;
    const entry = (key: string, value: string) =>
      w.message(13, (e) => {
        e.text(1, key);
        e.text(2, value);
      });
    entry('location', location);
    entry('offset', String(offset));
    if (length !== undefined) entry('length', String(length));
    w.int(14, 1);
  } else w.bytes(9, constant.bytes ?? none);
}

function writeAttribute(w: Writer, name: string, a: Attribute): void {
  w.text(1, name);
  switch (a.type) {
    case 'float':
      w.float(2, a.value);
      w.int(20, 1);
      break;
    case 'int':
      w.int(3, a.value);
      w.int(20, 2);
      break;
    case 'string':
      w.text(4, a.value);
      w.int(20, 3);
      break;
    case 'tensor':
      w.message(5, (t) => writeTensor(t, '', a.value));
      w.int(20, 4);
      break;
    case 'graph':
      w.message(6, (g) => writeGraph(g, a.value));
      w.int(20, 5);
      break;
    case 'floats':
      for (const v of a.value) w.float(7, v);
      w.int(20, 6);
      break;
    case 'ints':
      for (const v of a.value) w.int(8, v);
      w.int(20, 7);
      break;
    case 'strings':
      for (const v of a.value) w.text(9, v);
      w.int(20, 8);
      break;
  }
}

function writeValueInfo(w: Writer, name: string, info: ValueInfo): void {
  w.text(1, name);
  w.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, DTYPES[info.dtype].code);
      tensor.message(2, (shape) => {
        for (const dim of info.shape) {
          shape.message(1, (d) => (typeof dim === 'number' ? d.int(1, dim) : d.text(2, dim)));
        }
      });
    }),
  );
}

function writeGraph(w: Writer, graph: Graph): void {
  for (const node of graph.nodes) {
    w.message(1, (n) => {
      for (const input of node.inputs) n.text(1, input);
      for (const output of node.outputs) n.text(2, output);
      if (node.name) n.text(3, node.name);
      n.text(4, node.op);
      for (const [name, a] of Object.entries(node.attributes))
        n.message(5, (m) => writeAttribute(m, name, a));
      if (node.domain) n.text(7, node.domain);
    });
  }
  w.text(2, graph.name);
  for (const [name, constant] of graph.initializers) w.message(5, (t) => writeTensor(t, name, constant));
  for (const [name, info] of graph.inputs) w.message(11, (v) => writeValueInfo(v, name, info));
  for (const [name, info] of graph.outputs) w.message(12, (v) => writeValueInfo(v, name, info));
  if (!graph.values) return;
  for (const name of graph.nodes.flatMap((n) => n.outputs)) {
    const info = graph.outputs.has(name) ? undefined : graph.values.get(name);
    if (info) w.message(13, (v) => writeValueInfo(v, name, info));
  }
}

/** The model as an ONNX file. External tensors stay external: their files are the caller's. */
export function writeModel(model: Model): Uint8Array {
  const w = new Writer();
  w.int(1, model.irVersion);
  w.text(2, model.producer);
  w.message(7, (g) => writeGraph(g, model.graph));
  for (const [domain, version] of Object.entries(model.opsets)) {
    w.message(8, (o) => {
      if (domain) o.text(1, domain);
      o.int(2, version);
    });
  }
  return w.join();
}
