/**
 * Starts tfjs's WebGPU backend on the adapter that Deno offers.
 *
 * The backend's own start-up fails under Deno (denoland/webgpu-examples#22),
 * its synchronous reads need a 2D canvas, and what the driver reports (a lost
 * device, a failed allocation, a refused shader) it drops: the tensors then
 * hold zeros. This file starts it by hand and mends all three.
 */

import * as tf from "@tensorflow/tfjs";
import { createBackend } from "./_create_backend.ts";
import { adapterName, isOpenGL } from "../../devices/adapters.ts";
import { chooseAdapter } from "./_adapter.ts";
import { Driver, isAlive, largestTensor, lossCause } from "./_driver.ts";
import { WebGPUUnavailableError } from "./errors.ts";
import { mendWebGPUKernels } from "./_mended_kernels.ts";
import type { OpenBackendClass } from "./_open_backend.ts";
import { Shaders } from "./_shader.ts";
import { installTrainingKernels } from "./_training_kernels.ts";
import { StagingBuffer } from "./_staging_buffer.ts";
import type { TrainingBackend } from "./_training_backend.ts";
import { errorMessage } from "../../runtime/error_message.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    allowSoftware: 0,
    device: 0,
  } satisfies Record<keyof WebGPUOptions, 0>,
);

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
  /**
   * Which GPU of several: its number among those that WebGPU offers, from 0, or
   * a part of its name in letters of either case. By default, the fastest.
   *
   * @default {undefined}
   */
  readonly device?: number | string;
}

/** The device on which {@linkcode startWebGPU} has started the backend. */
export interface WebGPUDevice {
  /** The device's name, as its driver gives it. */
  readonly device: string;
  /** Whether it is a software adapter. */
  readonly isFallbackAdapter: boolean;
  /**
   * Whether it computes through OpenGL, which Deno takes where Vulkan has no
   * driver for the GPU. It is slower, and tested less.
   */
  readonly isOpenGL: boolean;
  /** The largest tensor that fits into one binding, in bytes. */
  readonly maxTensorBytes: number;
  /** Resolves to the driver's explanation when the device is lost. */
  readonly lost: Promise<string>;
  /**
   * Resolves when Deno, too, has done with every read so far, which takes 10 ms
   * after the data are there, and no timer waits to give memory back. For tests:
   * they count either as a leak.
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

let running: {
  started: WebGPUDevice;
  backend: TrainingBackend;
  /** The device that was asked for by number or name. */
  asked: number | string | undefined;
} | undefined;
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
 * adapter that was not allowed, none of that number or name, or the adapter
 * refuses a device.
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
  checkNames("start WebGPU", options, NAMES);
  // One after another: the second of two at once would take the backend, with
  // all its tensors, away from the first.
  const started = lastStart.then(() => start(options));
  lastStart = started.catch(() => {});
  return started;
}

async function start({ allowSoftware = false, device: asked }: WebGPUOptions) {
  if (
    running && (asked === undefined || running.asked === asked) &&
    tf.findBackend("webgpu") as unknown === running.backend &&
    (allowSoftware || !running.started.isFallbackAdapter) &&
    isAlive(running.backend.device)
  ) {
    await tf.setBackend("webgpu");
    return running.started;
  }

  const adapter = await chooseAdapter(asked);
  const { isFallbackAdapter } = adapter.info;
  const name = adapterName(adapter.info);
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
  const driver = new Driver(device, adapter.info);
  const started: WebGPUDevice = Object.freeze({
    device: name,
    isFallbackAdapter,
    isOpenGL: isOpenGL(adapter),
    maxTensorBytes: largestTensor(device),
    lost,
    async settled() {
      backend.pool.stopWatching();
      await Promise.all([staging.settled(), driver.settled()]);
    },
  });
  // The import registers a factory that Deno's adapter rejects: it asks for
  // the feature ["bgra8unorm-storage"], an array where a name must stand.
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  mendWebGPUKernels();
  installTrainingKernels();
  const backend = createBackend(WebGPUBackend as unknown as OpenBackendClass, {
    device,
    info: adapter.info,
    driver,
    shaders: new Shaders(device),
    staging: readsAtOnce ? staging : undefined,
  });
  tf.registerBackend("webgpu", () => backend as unknown as tf.KernelBackend, 3);
  await tf.setBackend("webgpu");
  running = { started, backend, asked };
  return started;
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
        `it answered "${errorMessage(cause)}"`,
      { cause },
    );
  }
}
