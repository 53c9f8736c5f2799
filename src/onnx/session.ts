import { checkKind } from "../runtime/check_given.ts";
import type { InferenceSession, Tensor } from "onnxruntime-web";
import {
  type ModelProto,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
} from "./onnx_pb.ts";

/** What runs the model: compiled code on the CPU, or a GPU. */
export type OnnxProvider = "wasm" | "webgpu";

/** The name, type and shape of an input or output. */
export interface OnnxTensorInfo {
  /** Its name. */
  readonly name: string;
  /** The element type, such as `"float32"`. */
  readonly type: string;
  /** Its dimensions; a name, or `null`, where any size will do. */
  readonly shape: readonly (number | string | null)[];
}

/** Numbers and their shape. */
export interface OnnxTensor {
  /** The numbers in row-major order. */
  readonly data: Float32Array | Int32Array;
  /** The dimensions. */
  readonly shape: readonly number[];
}

/** The runtime, as one of its builds. */
export type Runtime = typeof import("onnxruntime-web");

function tensorInfo({ name, type }: ValueInfoProto): OnnxTensorInfo {
  if (type?.value.case !== "tensorType") {
    throw new TypeError(
      `Cannot use the model as its inputs and outputs must be tensors: current value is "${name}" of kind ${
        type?.value.case ?? "unknown"
      }`,
    );
  }
  const { elemType, shape } = type.value.value;
  const types: Record<number, string> = {
    [DataType.FLOAT]: "float32",
    [DataType.INT32]: "int32",
  };
  return {
    name,
    type: types[elemType] ?? DataType[elemType].toLowerCase(),
    shape: (shape?.dim ?? []).map(({ value }) =>
      value.case === "dimValue"
        ? Number(value.value)
        : value.case === "dimParam"
        ? value.value
        : null
    ),
  };
}

function matches(info: OnnxTensorInfo, shape: readonly number[]): boolean {
  return info.shape.length === shape.length &&
    info.shape.every((dim, i) => typeof dim !== "number" || dim === shape[i]);
}

function describe({ shape }: OnnxTensorInfo): string {
  return `[${shape.map((dim) => dim ?? "any").join(", ")}]`;
}

/** A model loaded into onnxruntime-web; made by {@linkcode createSession}. */
export class OnnxSession implements AsyncDisposable {
  /** What runs the model. */
  readonly provider: OnnxProvider;
  /** How many threads run it. */
  readonly threads: number;
  /** The inputs, by position. */
  readonly inputs: readonly OnnxTensorInfo[];
  /** The outputs, by position. */
  readonly outputs: readonly OnnxTensorInfo[];
  /** What the file says of itself, such as `source`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #runtime: Runtime;
  #session: InferenceSession | undefined;

  /** Use {@linkcode createSession}. */
  constructor(
    runtime: Runtime,
    { session, model, provider, threads }: {
      readonly session: InferenceSession;
      readonly model: ModelProto;
      readonly provider: OnnxProvider;
      readonly threads: number;
    },
  ) {
    this.#runtime = runtime;
    this.#session = session;
    this.provider = provider;
    this.threads = threads;
    const constants = new Set(
      model.graph!.initializer.map(({ name }) => name),
    );
    this.inputs = model.graph!.input
      .filter(({ name }) => !constants.has(name))
      .map(tensorInfo);
    this.outputs = model.graph!.output.map(tensorInfo);
    this.metadata = Object.fromEntries(
      model.metadataProps.map(({ key, value }) => [key, value]),
    );
  }

  #feed(given: Readonly<Record<string, OnnxTensor>>): Record<string, Tensor> {
    checkKind(
      "run the model",
      {
        name: "inputs",
        value: given,
        must: "{ data, shape } by the names of the inputs",
      },
      typeof given === "object" && given !== null,
    );
    const names = Object.keys(given);
    const wanted = this.inputs.map(({ name }) => name);
    if (names.length !== wanted.length || !wanted.every((n) => n in given)) {
      throw new TypeError(
        `Cannot run the model as its inputs must be ${
          wanted.map((name) => `"${name}"`).join(", ")
        }: current value is ${names.map((name) => `"${name}"`).join(", ")}`,
      );
    }
    return Object.fromEntries(this.inputs.map((info) => {
      const { data, shape } = Object(given[info.name]) as OnnxTensor;
      checkKind(
        "run the model",
        {
          name: `input "${info.name}"`,
          value: given[info.name],
          must: "{ data, shape }, numbers and a list of sizes",
        },
        (ArrayBuffer.isView(data) || Array.isArray(data)) &&
          Array.isArray(shape),
      );
      if (!matches(info, shape)) {
        throw new RangeError(
          `Cannot run the model as input "${info.name}" must have shape ${
            describe(info)
          }: current value is [${shape.join(", ")}]`,
        );
      }
      const size = shape.reduce((product, dim) => product * dim, 1);
      if (data.length !== size) {
        throw new RangeError(
          `Cannot run the model as input "${info.name}" of shape [${
            shape.join(", ")
          }] must have ${size} numbers: current value is ${data.length}`,
        );
      }
      return [info.name, this.#tensor(info, data, shape)];
    }));
  }

  #tensor(
    { name, type }: OnnxTensorInfo,
    data: OnnxTensor["data"],
    shape: readonly number[],
  ): Tensor {
    const { Tensor } = this.#runtime;
    switch (type) {
      case "float32": {
        const floats = data instanceof Float32Array
          ? data
          : new Float32Array(data);
        return new Tensor("float32", floats, shape);
      }
      case "int32":
        return new Tensor("int32", new Int32Array(data), shape);
      default:
        throw new TypeError(
          `Cannot run the model as input "${name}" must be of type float32 or int32: current value is ${type}`,
        );
    }
  }

  /**
   * Computes the outputs for one batch.
   *
   * @param inputs A tensor for each input, by name.
   * @returns A tensor for each output, by name.
   *
   * @throws {TypeError} If an input is missing, is none of the model's, or is of
   * another type than float32 and int32.
   * @throws {RangeError} If the shape of an input does not fit.
   * @throws {Error} If the session is released.
   */
  async run(
    inputs: Readonly<Record<string, OnnxTensor>>,
  ): Promise<Record<string, OnnxTensor>> {
    if (this.#session === undefined) {
      throw new Error(
        "Cannot run the model as its session must not be released: current value is a released session",
      );
    }
    const results = await this.#session.run(this.#feed(inputs));
    const outputs: Record<string, OnnxTensor> = {};
    for (const { name } of this.outputs) {
      const result = results[name];
      outputs[name] = {
        data: await result.getData(true) as Float32Array | Int32Array,
        shape: result.dims,
      };
    }
    return outputs;
  }

  /** Frees the model; more calls do nothing. */
  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }

  /** Frees the model at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
