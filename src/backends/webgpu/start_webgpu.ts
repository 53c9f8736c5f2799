/**
 * Starts tfjs's WebGPU backend on the adapter that Deno offers.
 *
 * The backend's own start-up fails under Deno (denoland/webgpu-examples#22),
 * its synchronous reads need a 2D canvas, and what the driver reports (a lost
 * device, a failed allocation, a refused shader) it drops: the tensors then
 * hold zeros. This file starts it by hand and mends all three.
 */

import { quietVulkan } from "../../_quiet_vulkan.ts";
import { setImmediate } from "node:timers";
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { StagingBuffer } from "./_staging_buffer.ts";
import { mendShaderKey, mendWebGPUKernels } from "./_mended_kernels.ts";

type BackendValues = ReturnType<WebGPUBackend["readSync"]>;

/** Why WebGPU cannot be used here. */
export type WebGPUUnavailableReason =
  | "no-webgpu"
  | "no-adapter"
  | "software-adapter"
  | "no-device";

/** Thrown by {@linkcode startWebGPU} where there is no usable GPU. */
export class WebGPUUnavailableError extends Error {
  /** What is missing, for programs to act on. */
  readonly reason: WebGPUUnavailableReason;

  /** An error for `reason`, explained in `message`. */
  constructor(
    reason: WebGPUUnavailableReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "WebGPUUnavailableError";
    this.reason = reason;
  }
}

/**
 * Thrown by the next read or submission after the GPU was lost: its driver was
 * reset, it was unplugged, or the device was destroyed. All tensors on it are
 * gone. Training goes on from the last checkpoint, after
 * {@linkcode startWebGPU} was called again or on another backend.
 */
export class DeviceLostError extends Error {
  /** The device that was lost, as its driver names it. */
  readonly device: string;

  /** An error for `device`, lost for what the driver calls `cause`. */
  constructor(device: string, cause: string) {
    super(
      `Cannot continue on ${device} as the GPU must be present: ` +
        `it was lost (${cause}). Start the backend again, or choose another ` +
        "one, and resume from the last checkpoint",
    );
    this.name = "DeviceLostError";
    this.device = device;
  }
}

/** Options of {@linkcode startWebGPU}. */
export interface WebGPUOptions {
  /**
   * Whether a software adapter (a processor that imitates a GPU, such as
   * Mesa's llvmpipe) will do. It is right for tests, and far slower at training
   * than the WASM backend.
   *
   * @default {false}
   */
  readonly allowSoftware?: boolean;
}

/** The device on which {@linkcode startWebGPU} has started the backend. */
export interface WebGPUDevice {
  /** The device's name, as its driver gives it. */
  readonly device: string;
  /** Whether it is a software adapter. */
  readonly isFallbackAdapter: boolean;
  /** The largest tensor that fits into one binding, in bytes. */
  readonly maxTensorBytes: number;
  /** Resolves to the driver's explanation when the device is lost. */
  readonly lost: Promise<string>;
  /**
   * Resolves when Deno, too, has done with every read so far, which takes 10 ms
   * after the data are there. For tests: it counts an open read as a leak.
   */
  settled(): Promise<void>;
}

// What tfjs asks for too. The default limits (128 MiB a binding, 256
// invocations a workgroup) are too small for its larger shaders.
const LIMITS = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
] as const;

let running: { started: WebGPUDevice; backend: WebGPUBackend } | undefined;
let lastStart: Promise<unknown> = Promise.resolve();

/**
 * Starts tfjs's WebGPU backend on Deno's GPU adapter and makes it the current
 * backend. While that device lives, a second call returns it again.
 *
 * It differs from the backend that `tf.setBackend("webgpu")` would start in a
 * browser: `tensor.dataSync()` works, `await tensor.data()` does not wait for
 * Deno's 10 ms poll, a lost device throws a {@linkcode DeviceLostError}, and
 * what the driver refuses (memory, a shader) is thrown at the next read rather
 * than leaving zeros.
 *
 * @param options What adapters will do.
 * @returns The device that now runs tfjs.
 * @throws {WebGPUUnavailableError} Where there is no adapter, only a software
 * adapter that was not allowed, or the adapter refuses a device.
 *
 * @example Train on the GPU, or say why not
 * ```ts
 * import { startWebGPU, WebGPUUnavailableError } from "@clr/clr/backends";
 *
 * try {
 *   const { device } = await startWebGPU();
 *   console.log(`Training on ${device}`);
 * } catch (error) {
 *   if (!(error instanceof WebGPUUnavailableError)) throw error;
 *   console.log(error.message);
 * }
 * ```
 */
export function startWebGPU(
  options: WebGPUOptions = {},
): Promise<WebGPUDevice> {
  // One after another: the second of two at once would take the backend, with
  // all its tensors, away from the first.
  const started = lastStart.then(() => start(options));
  lastStart = started.catch(() => {});
  return started;
}

async function start({ allowSoftware = false }: WebGPUOptions) {
  if (
    running && tf.findBackend("webgpu") === running.backend &&
    (allowSoftware || !running.started.isFallbackAdapter) &&
    isAlive(running.backend.device)
  ) {
    await tf.setBackend("webgpu");
    return running.started;
  }

  const adapter = await requestAdapter();
  const { isFallbackAdapter } = adapter.info;
  const name = deviceName(adapter.info);
  if (isFallbackAdapter && !allowSoftware) {
    throw new WebGPUUnavailableError(
      "software-adapter",
      "Cannot train on WebGPU as its adapter must be a GPU: " +
        `current value is the software adapter ${name}`,
    );
  }

  const device = await requestDevice(adapter, name);
  const lost = device.lost.then(lossCause);
  const staging = new StagingBuffer(device);
  const readsAtOnce = await staging.works();
  const started: WebGPUDevice = Object.freeze({
    device: name,
    isFallbackAdapter,
    maxTensorBytes: largestTensor(device),
    lost,
    settled: () => staging.settled(),
  });
  // The import registers a factory that Deno's adapter rejects: it asks for
  // the feature ["bgra8unorm-storage"], an array where a name must stand.
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  mendWebGPUKernels();
  const backend = createBackend(
    WebGPUBackend,
    device,
    adapter.info,
    readsAtOnce ? staging : undefined,
  );
  tf.registerBackend("webgpu", () => backend, 3);
  await tf.setBackend("webgpu");
  running = { started, backend };
  return started;
}

async function requestAdapter(): Promise<GPUAdapter> {
  if (!globalThis.navigator?.gpu) {
    throw new WebGPUUnavailableError(
      "no-webgpu",
      "Cannot train on WebGPU as navigator.gpu must exist: " +
        "this JavaScript runtime has none",
    );
  }
  quietVulkan();
  const adapter = await navigator.gpu.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!adapter) {
    throw new WebGPUUnavailableError(
      "no-adapter",
      "Cannot train on WebGPU as a GPU adapter must be found: there is none " +
        "(no GPU, no driver, or no Vulkan loader)",
    );
  }
  return adapter;
}

async function requestDevice(
  adapter: GPUAdapter,
  name: string,
): Promise<GPUDevice> {
  const { limits, features } = adapter;
  try {
    return await adapter.requestDevice({
      requiredFeatures: features.has("timestamp-query")
        ? ["timestamp-query"]
        : [],
      requiredLimits: Object.fromEntries(
        LIMITS.map((limit) => [limit, limits[limit]]),
      ),
    });
  } catch (cause) {
    throw new WebGPUUnavailableError(
      "no-device",
      `Cannot train on WebGPU as ${name} must give a device: ` +
        `it answered "${cause instanceof Error ? cause.message : cause}"`,
      { cause },
    );
  }
}

function deviceName(info: GPUAdapterInfo): string {
  return info.description ||
    `device ${info.device || "unknown"} of vendor ${info.vendor || "unknown"}`;
}

/**
 * tfjs's backend on `device`, with its errors mended, and its reads where this
 * runtime allows `staging`.
 */
function createBackend(
  Base: typeof WebGPUBackend,
  device: GPUDevice,
  info: GPUAdapterInfo,
  staging: StagingBuffer | undefined,
): WebGPUBackend {
  const name = deviceName(info);
  const maxTensorBytes = largestTensor(device);
  let lost: string | undefined;
  let refused: string | undefined;
  device.lost.then((info) => lost = lossCause(info));
  device.addEventListener("uncapturederror", (event) => {
    refused ??= (event as GPUUncapturedErrorEvent).error.message;
  });

  function throwFailure(): void {
    if (lost !== undefined) throw new DeviceLostError(name, lost);
    if (refused === undefined) return;
    const message = refused.trim();
    refused = undefined;
    throw new Error(
      `Cannot compute on ${name} as its driver must accept every command: ` +
        `it answered "${message}". What was computed since the last read is ` +
        "not valid",
    );
  }

  /** Runs `action`; what it throws names the device and why. */
  function attempt<T>(action: () => T): T {
    throwFailure();
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const { message } = cause;
      // The loss itself is announced only with the event loop's next turn.
      if (!isAlive(device)) throw new DeviceLostError(name, message);
      throw new Error(
        `Cannot compute on ${name} as its memory must suffice: it answered ` +
          `"${message}" with ${tf.memory().numBytes} bytes of tensors alive`,
        { cause },
      );
    }
  }

  return new class extends Base {
    override submitQueue(): void {
      throwFailure();
      super.submitQueue();
    }

    override uploadToGPU(dataId: object): void {
      const data = this.tensorMap.get(dataId);
      if (data.resource != null) return;
      const bytes = 4 * tf.util.sizeFromShape(data.shape);
      // A wrong index can make a length negative, which Deno takes for a huge
      // one; tfjs cannot release such a buffer and fails ever after.
      if (!(bytes >= 0 && bytes <= maxTensorBytes)) {
        throw new RangeError(
          `Cannot hold a tensor of shape [${data.shape}] on ${name} as it ` +
            `must take 0 to ${maxTensorBytes} bytes: current value is ${bytes}`,
        );
      }
      attempt(() => super.uploadToGPU(dataId));
    }

    override runWebGPUProgram(
      ...call: Parameters<WebGPUBackend["runWebGPUProgram"]>
    ): ReturnType<WebGPUBackend["runWebGPUProgram"]> {
      mendShaderKey(call[0]);
      return super.runWebGPUProgram(...call);
    }

    override async read(dataId: object): Promise<BackendValues> {
      // Read before the first await: tfjs's own read fails when the tensor is
      // disposed of while it waits.
      const values = staging ? this.readSync(dataId) : await super.read(dataId);
      // The driver's complaints arrive with the event loop's next turn, and
      // so do timers and signals, which a loop of reads would starve.
      await new Promise((resolve) => setImmediate(resolve));
      throwFailure();
      return values;
    }

    override readSync(dataId: object): BackendValues {
      const data = this.tensorMap.get(dataId);
      // Complex tensors are put together from two, which come back here.
      if (data.values != null || data.complexTensorInfos) {
        return super.readSync(dataId);
      }
      if (!staging) {
        throw new Error(
          `Cannot read a tensor synchronously as ${name} must be waited for ` +
            "in this runtime: use `await tensor.data()`",
        );
      }
      const bytes = this.#copy(data.resource as GPUBuffer, staging);
      data.values = tf.util.convertBackendValuesAndArrayBuffer(
        bytes,
        data.dtype,
      );
      return data.values;
    }

    #copy(buffer: GPUBuffer, staging: StagingBuffer): ArrayBuffer {
      return attempt(() => {
        this.ensureCommandEncoderReady();
        this.endComputePassEncoder();
        super.submitQueue();
        return staging.read(buffer);
      });
    }
  }(device, info);
}

function isAlive(device: GPUDevice): boolean {
  const buffer = device.createBuffer({
    size: 4,
    usage: GPUBufferUsage.COPY_SRC,
    mappedAtCreation: true,
  });
  try {
    buffer.getMappedRange();
    return true;
  } catch {
    return false;
  } finally {
    buffer.destroy();
  }
}

function largestTensor({ limits }: GPUDevice): number {
  return Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
}

function lossCause({ reason, message }: GPUDeviceLostInfo): string {
  return message || reason || "the driver gives no reason";
}
