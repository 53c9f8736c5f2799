import { quietVulkan } from "../devices/quiet_vulkan.ts";
import { fromBinary } from "@bufbuild/protobuf";
import type { InferenceSession } from "onnxruntime-web";
import { startApart } from "./_start_runtime.ts";
import { type ModelProto, ModelProtoSchema } from "./onnx_pb.ts";
import { type OnnxProvider, OnnxSession, type Runtime } from "./session.ts";
import { runningProcess } from "../runtime/builtin.ts";
import { checkKind } from "../runtime/check_given.ts";
import { show } from "../runtime/check_data.ts";
import { errorMessage } from "../runtime/error_message.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    provider: 0,
    threads: 0,
    wasmPath: 0,
  } satisfies Record<keyof SessionOptions, 0>,
);

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
   * decides; the WebGPU provider uses one. In a browser more than one need
   * memory that is shared, and {@linkcode SessionOptions.wasmPath}.
   *
   * @default {half of the cores, at most 4; in a browser 1 where it cannot have more}
   */
  readonly threads?: number;
  /**
   * Where a browser finds the files `ort-wasm-*` of onnxruntime-web's package,
   * with the slash at its end. Elsewhere they are read from the package.
   *
   * @default {beside the script}
   */
  readonly wasmPath?: string;
}

/** A provider cannot run here; the message says why. */
export class ProviderUnavailableError extends Error {
  /** The name of the class. */
  override name = "ProviderUnavailableError";
}

/** Each is a worker with a stack of its own; more are a mistake. */
const MAX_THREADS = 64;

/** How many threads each provider was started with; onnxruntime-web starts once. */
const started = new Map<OnnxProvider, number>();

function parse(bytes: Uint8Array): ModelProto {
  checkKind(
    "read the model",
    { name: "bytes", value: bytes, must: "a Uint8Array, an ONNX file's" },
    bytes instanceof Uint8Array,
  );
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
 * Why onnxruntime-web can have but one thread, as what must be; undefined where
 * it can have more.
 */
function needsForThreads(wasmPath: string | undefined): string | undefined {
  if (runningProcess()) return undefined;
  if (!(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated) {
    return "in a browser whose page is not isolated, which takes the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy";
  }
  // A thread would start the bundle that called.
  if (wasmPath === undefined) {
    return "in a browser without wasmPath, where onnxruntime-web's files lie";
  }
}

/**
 * Loads an ONNX model into onnxruntime-web.
 *
 * @param bytes The ONNX file.
 *
 * @throws {TypeError} If the bytes are no ONNX file, or the options are not
 * what they must be.
 * @throws {RangeError} If `threads` is no whole number from 1 to 64, differs from
 * what onnxruntime-web was started with in this process, or is more than one
 * where a browser cannot have more.
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
      `Cannot create a session as provider must be "wasm" or "webgpu": current value is ${
        show(provider)
      }`,
    );
  }
  const { wasmPath } = options;
  checkKind(
    "create a session",
    { name: "wasmPath", value: wasmPath, must: "text" },
    wasmPath === undefined || typeof wasmPath === "string",
  );
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const needs = needsForThreads(wasmPath);
  const most = needs ? 1 : Math.min(4, Math.ceil(cores / 2));
  const threads = provider === "webgpu"
    ? 1
    : options.threads ?? started.get(provider) ?? most;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new RangeError(
      `Cannot create a session as threads must be a whole number from 1 to ${MAX_THREADS}: current value is ${
        show(threads)
      }`,
    );
  }
  if (threads > 1 && needs) {
    throw new RangeError(
      `Cannot create a session as threads must be 1 ${needs}: current value is ${
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
  if (wasmPath !== undefined && !runningProcess()) {
    const { href } = globalThis.location;
    runtime.env.wasm.wasmPaths = new URL(wasmPath, href).href;
  }
  // What it warns of is where it places nodes, nothing a caller could mend.
  runtime.env.logLevel = "error";
  started.set(provider, threads);
  let session: InferenceSession;
  try {
    session = await startApart(() =>
      runtime.InferenceSession.create(bytes, { executionProviders: [provider] })
    );
  } catch (cause) {
    if (errorMessage(cause).startsWith("no available backend found")) {
      throw new ProviderUnavailableError(
        `Cannot create a session as provider "${provider}" must start${
          runningProcess()
            ? ""
            : ", in a browser with the files of onnxruntime-web at wasmPath"
        }: ${errorMessage(cause)}`,
        { cause },
      );
    }
    throw new TypeError(
      `Cannot create a session as onnxruntime-web must accept the model: current value is ${bytes.length} bytes that it refuses (${
        errorMessage(cause)
      })`,
      { cause },
    );
  }
  return new OnnxSession(runtime, { session, model, provider, threads });
}
