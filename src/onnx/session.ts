import { quietVulkan } from "../devices/quiet_vulkan.ts";
import { fromBinary } from "@bufbuild/protobuf";
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { withProbeClosed } from "./_start_runtime.ts";
import {
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import { show } from "../runtime/check_data.ts";
import { errorMessage } from "../runtime/error_message.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    provider: 0,
    threads: 0,
  } satisfies Record<keyof SessionOptions, 0>,
);

/** What runs the model: compiled code on the CPU, or a GPU. */
export type OnnxProvider = "wasm" | "webgpu";

/** Options of {@linkcode createSession}. */
export interface SessionOptions {
  /**
   * What runs the model.
   *
   * @default {"wasm"}
   */
  readonly provider?: OnnxProvider;
  /**
   * How many threads the WASM provider uses. The first session of a process
   * decides; the WebGPU provider uses one.
   *
   * @default {half of the cores, at most 4}
   */
  readonly threads?: number;
}

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

/** A provider cannot run here; the message says why. */
export class ProviderUnavailableError extends Error {
  /** The name of the class. */
  override name = "ProviderUnavailableError";
}

type Runtime = typeof import("onnxruntime-web");

/** How many threads each provider was started with; onnxruntime-web starts once. */
const started = new Map<OnnxProvider, number>();

function parse(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new TypeError(
      `Cannot read the model as it must be a whole ONNX file: current value is ${bytes.length} bytes that are not (${
        errorMessage(cause)
      })`,
      { cause },
    );
  }
  if (!model.graph?.node.length || model.opsetImport.length === 0) {
    throw new TypeError(
      `Cannot read the model as it must be a whole ONNX file: current value is ${bytes.length} bytes without a graph or an operator set`,
    );
  }
  return model;
}

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
      const { data, shape } = given[info.name];
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

async function checkGpu(): Promise<void> {
  const gpu = globalThis.navigator?.gpu;
  quietVulkan();
  const adapter = await gpu?.requestAdapter();
  if (adapter) return;
  throw new ProviderUnavailableError(
    `Cannot create a session as provider "webgpu" must find a GPU adapter: current value is ${
      gpu === undefined
        ? "a runtime without navigator.gpu"
        : "no adapter (on Linux, a Vulkan driver provides one)"
    }`,
  );
}

/**
 * Loads an ONNX model into onnxruntime-web.
 *
 * @param bytes The ONNX file.
 *
 * @throws {TypeError} If the bytes are no ONNX file, or the options are not
 * what they must be.
 * @throws {RangeError} If `threads` is no positive integer, or differs from
 * what onnxruntime-web was started with in this process.
 * @throws {ProviderUnavailableError} If the provider cannot run here.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { createSession, toOnnx } from "@clr/clr/onnx";
 *
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2], name: "sum", kernelInitializer: "ones" })],
 * });
 * await using session = await createSession(await toOnnx(model), { threads: 1 });
 * const [{ name }] = session.inputs;
 * const { sum } = await session.run({
 *   [name]: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
 * });
 * console.log(sum.data); // Float32Array [ 3, 7 ]
 * ```
 */
export async function createSession(
  bytes: Uint8Array,
  options: SessionOptions = {},
): Promise<OnnxSession> {
  checkNames("create a session", options, NAMES);
  const { provider = "wasm" } = options;
  if (provider !== "wasm" && provider !== "webgpu") {
    throw new TypeError(
      `Cannot create a session as provider must be "wasm" or "webgpu": current value is "${provider}"`,
    );
  }
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const threads = provider === "webgpu" ? 1 : options.threads ??
    started.get(provider) ?? Math.min(4, Math.ceil(cores / 2));
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(
      `Cannot create a session as threads must be a positive integer: current value is ${
        show(threads)
      }`,
    );
  }
  const running = started.get(provider) ?? threads;
  if (running !== threads) {
    throw new RangeError(
      `Cannot create a session as threads must be ${running}, with which onnxruntime-web was started in this process: current value is ${
        show(threads)
      }`,
    );
  }
  const model = parse(bytes);
  if (provider === "webgpu") await checkGpu();
  const runtime: Runtime = provider === "webgpu"
    ? await import("onnxruntime-web/webgpu")
    : await import("onnxruntime-web");
  runtime.env.wasm.numThreads = threads;
  // What it warns of is where it places nodes, nothing a caller could mend.
  runtime.env.logLevel = "error";
  started.set(provider, threads);
  let session: InferenceSession;
  try {
    session = await withProbeClosed(() =>
      runtime.InferenceSession.create(bytes, { executionProviders: [provider] })
    );
  } catch (cause) {
    throw new TypeError(
      `Cannot create a session as onnxruntime-web must accept the model: current value is ${bytes.length} bytes that it refuses (${
        errorMessage(cause)
      })`,
      { cause },
    );
  }
  return new OnnxSession(runtime, { session, model, provider, threads });
}
