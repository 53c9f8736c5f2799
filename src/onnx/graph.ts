import { identity, inverse, transpose } from "./_transpose.ts";

/** The element types that the exporter writes. */
export type OnnxDataType = "float32" | "int32" | "int64" | "bool";

/** A shape; `null` for a dimension that is known only when the model runs. */
export type OnnxShape = readonly (number | null)[];

/** A tensor of the graph under construction. */
export interface OnnxValue {
  /** The name of the tensor in the ONNX graph. */
  readonly name: string;
  /** The shape that TensorFlow.js gives it. */
  readonly shape: OnnxShape;
  /**
   * How it lies in the ONNX graph: its dimension i is dimension `order[i]` of
   * `shape`. A transpose is written only where an operator needs another order.
   */
  readonly order: readonly number[];
  /** The element type. */
  readonly dtype: OnnxDataType;
  /**
   * For a value of rank 2 that came from flattening a tensor that did not lie
   * in plain order: the dimensions of one example as TensorFlow.js sees them,
   * and the order in which its features lie instead.
   */
  readonly flattened?: {
    /** The dimensions of one example. */
    readonly dims: readonly number[];
    /** The order in which they lie. */
    readonly order: readonly number[];
  };
}

/** An attribute of an ONNX node; a plain number is an integer. */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | {
    /** A floating-point attribute. */
    readonly float: number;
  }
  | {
    /** A list of floating-point numbers. */
    readonly floats: readonly number[];
  };

/** What {@linkcode OnnxGraph.node} needs to know of an output. */
export interface OnnxOutput {
  /** The shape that TensorFlow.js gives it. */
  readonly shape: OnnxShape;
  /** How it lies. @default {plain order} */
  readonly order?: readonly number[];
  /** The element type. @default {"float32"} */
  readonly dtype?: OnnxDataType;
  /** See {@linkcode OnnxValue.flattened}. */
  readonly flattened?: OnnxValue["flattened"];
}

/** A node of the graph. */
export interface OnnxNode {
  /** Its name. */
  readonly name: string;
  /** The ONNX operator. */
  readonly opType: string;
  /** The names of its inputs; empty for one that is left out. */
  inputs: readonly string[];
  /** The names of its outputs; empty for one that is left out. */
  outputs: readonly string[];
  /** Its attributes by name. */
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant tensor of the graph. */
export interface OnnxConstant {
  /** Its name. */
  readonly name: string;
  /** Its dimensions. */
  readonly dims: readonly number[];
  /** Its values in row-major order. */
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

function equalData(a: OnnxConstant, b: OnnxConstant): boolean {
  return a.data.constructor === b.data.constructor &&
    a.data.length === b.data.length &&
    a.dims.join() === b.dims.join() &&
    a.data.every((value, i) => Object.is(value, b.data[i]));
}

/** An ONNX graph under construction. */
export class OnnxGraph {
  /** The version of the ONNX operator set that is written. */
  readonly opset: number;
  /** The nodes so far, in an order in which they can run. */
  readonly nodes: OnnxNode[] = [];
  /** The constants so far, by name. */
  readonly constants: Map<string, OnnxConstant> = new Map();
  #names = new Set<string>();
  #arranged = new Map<string, OnnxValue>();
  #transposed = new Map<
    string,
    { readonly from: string; readonly perm: readonly number[] }
  >();
  #scope = "";

  /** An empty graph for that operator set. */
  constructor(opset: number) {
    this.opset = opset;
  }

  /** Names what follows after this layer. */
  enter(layer: string): void {
    this.#scope = layer;
  }

  /** A name that nothing else in the graph has: this one, or with a number. */
  unique(name: string): string {
    let free = name;
    for (let i = 1; this.#names.has(free); i++) free = `${name}_${i}`;
    this.#names.add(free);
    return free;
  }

  /**
   * Writes a node and returns its outputs, as many as `outputs` describes;
   * `null` stands for an input or an output that is left out.
   */
  nodeWithOutputs(
    opType: string,
    inputs: readonly (OnnxValue | null)[],
    outputs: readonly (OnnxOutput | null)[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): OnnxValue[] {
    const name = this.unique(`${this.#scope}/${opType}`);
    const values = outputs.map((output, i): OnnxValue => ({
      name: output === null ? "" : this.unique(`${name}:${i}`),
      shape: output?.shape ?? [],
      order: output?.order ?? identity(output?.shape.length ?? 0),
      dtype: output?.dtype ?? "float32",
      flattened: output?.flattened,
    }));
    this.nodes.push({
      name,
      opType,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: values.map((value) => value.name),
      attributes,
    });
    return values;
  }

  /** Writes a node with one output and returns that. */
  node(
    opType: string,
    inputs: readonly (OnnxValue | null)[],
    output: OnnxOutput,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): OnnxValue {
    return this.nodeWithOutputs(opType, inputs, [output], attributes)[0];
  }

  /** Writes a node whose output has the shape of `value` and lies as it does. */
  map(
    opType: string,
    value: OnnxValue,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    operands: readonly OnnxValue[] = [],
  ): OnnxValue {
    return this.node(opType, [value, ...operands], value, attributes);
  }

  /**
   * A constant; what was written before under the same name with the same
   * values, as by a shared layer, is used again.
   */
  constant(
    name: string,
    dims: readonly number[],
    data: OnnxConstant["data"],
  ): OnnxValue {
    const scoped = `${this.#scope}/${name}`;
    let constant: OnnxConstant = { name: scoped, dims, data };
    const written = this.constants.get(scoped);
    if (written === undefined || !equalData(written, constant)) {
      constant = { ...constant, name: this.unique(scoped) };
      this.constants.set(constant.name, constant);
    }
    return {
      name: constant.name,
      shape: dims,
      order: identity(dims.length),
      dtype: data instanceof Float32Array
        ? "float32"
        : data instanceof Int32Array
        ? "int32"
        : "int64",
    };
  }

  /** A constant number. */
  scalar(name: string, value: number): OnnxValue {
    return this.constant(name, [], Float32Array.of(value));
  }

  /** A constant list of integers, as operators take shapes and axes. */
  integers(name: string, values: readonly number[]): OnnxValue {
    return this.constant(
      name,
      [values.length],
      BigInt64Array.from(values, BigInt),
    );
  }

  /**
   * A constant that an operator combines with `value` element by element: of
   * the rank of `value` as TensorFlow.js sees it, laid as `value` lies.
   */
  constantFor(
    value: OnnxValue,
    name: string,
    dims: readonly number[],
    data: Float32Array,
  ): OnnxValue {
    return this.constant(
      name,
      value.order.map((axis) => dims[axis]),
      transpose(data, dims, value.order),
    );
  }

  /** The same value, lying in that order. */
  arrange(value: OnnxValue, order: readonly number[]): OnnxValue {
    if (value.flattened) return this.arrange(this.#unflatten(value), order);
    if (value.order.join() === order.join()) return value;
    const place = inverse(value.order);
    let perm = order.map((axis) => place[axis]);
    let name = value.name;
    // A transpose of a transpose is one from where it came; the one between is
    // dropped at the end if nothing else reads it.
    const made = this.#transposed.get(name);
    if (made !== undefined) {
      name = made.from;
      perm = perm.map((axis) => made.perm[axis]);
    }
    if (perm.every((axis, i) => axis === i)) return { ...value, order, name };
    // Not by `order`: a permuted value is the same tensor, seen otherwise.
    const key = `${name}|${perm}`;
    const arranged = this.#arranged.get(key) ??
      this.node("Transpose", [{ ...value, name }], { ...value, order }, {
        perm,
      });
    this.#arranged.set(key, arranged);
    this.#transposed.set(arranged.name, { from: name, perm });
    return { ...value, order, name: arranged.name };
  }

  /** The same value, lying as TensorFlow.js sees it. */
  plain(value: OnnxValue): OnnxValue {
    return this.arrange(value, identity(value.shape.length));
  }

  /** The same value as floating-point numbers. */
  float(value: OnnxValue): OnnxValue {
    return value.dtype === "float32"
      ? value
      : this.node("Cast", [value], { ...value, dtype: "float32" }, { to: 1 });
  }

  /** The value in another shape; its batch dimension stays. */
  reshape(value: OnnxValue, shape: OnnxShape): OnnxValue {
    const unknown = shape.slice(1).filter((dim) => dim === null).length;
    if (unknown > 1) {
      throw new RangeError(
        `Cannot export the model as at most one dimension of a reshaped tensor must be unknown: current value is [${shape}]`,
      );
    }
    const plain = this.plain(value);
    const target = this.integers("shape", [
      0,
      ...shape.slice(1).map((dim) => dim ?? -1),
    ]);
    return this.node("Reshape", [plain, target], {
      shape,
      dtype: value.dtype,
    });
  }

  /** Reduces over axes of the shape that TensorFlow.js sees. */
  reduce(
    opType: "ReduceMean" | "ReduceMax" | "ReduceLogSumExp" | "ReduceSum",
    value: OnnxValue,
    { axes, keepDims }: {
      readonly axes: readonly number[];
      readonly keepDims: boolean;
    },
  ): OnnxValue {
    const place = inverse(value.order);
    const physical = axes.map((axis) => place[axis]).sort((a, b) => a - b);
    // ReduceSum takes its axes as an input since 13, its siblings since 18.
    const asInput = this.opset >= 18 || opType === "ReduceSum";
    const kept = value.order.filter((axis) => !axes.includes(axis));
    const ranks = [...kept].sort((a, b) => a - b);
    return this.node(
      opType,
      asInput ? [value, this.integers("axes", physical)] : [value],
      keepDims
        ? {
          shape: value.shape.map((dim, axis) => axes.includes(axis) ? 1 : dim),
          order: value.order,
        }
        : {
          shape: value.shape.filter((_, axis) => !axes.includes(axis)),
          order: kept.map((axis) => ranks.indexOf(axis)),
        },
      {
        keepdims: Number(keepDims),
        ...(asInput ? {} : { axes: physical }),
      },
    );
  }

  #unflatten(value: OnnxValue): OnnxValue {
    const { dims, order } = value.flattened!;
    const key = `${value.name}|plain`;
    let plain = this.#arranged.get(key);
    if (plain === undefined) {
      const lying = order.map((axis) => dims[axis]);
      const unfolded = this.node("Reshape", [
        value,
        this.integers("unflatten", [0, ...lying]),
      ], {
        shape: [value.shape[0], ...dims],
        order: [0, ...order.map((axis) => axis + 1)],
        dtype: value.dtype,
      });
      plain = this.node("Flatten", [this.plain(unfolded)], {
        shape: value.shape,
        dtype: value.dtype,
      }, { axis: 1 });
      this.#arranged.set(key, plain);
    }
    return plain;
  }
}
