/**
 * What a step asks of the processor and of WebGPU, with every command emptied:
 * what it would cost on an infinitely fast GPU. Each in a process of its own,
 * by tfjs's backend as it comes and by ours.
 */

import * as tf from "@tensorflow/tfjs";
import { startWebGPU } from "@clr/clr/backends";
import { Training } from "./_networks.ts";
import { threadTime } from "./_thread_time.ts";

/** Which backend is counted. */
export type Backend = "stock" | "ours";

/** Of one step, in the mean of some later ones. */
export interface Counts {
  readonly dispatches: number;
  readonly passes: number;
  readonly submits: number;
  readonly bindGroups: number;
  /** Bytes that the processor writes into buffers. */
  readonly bytes: number;
  /** Buffers that are made. */
  readonly buffers: number;
  /** Bytes that are held after the steps. */
  readonly poolBytes: number;
  /** The processor time of the JavaScript thread, at its least. */
  readonly cpuMilliseconds: number;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Counts the calls of a method, or does what `instead` does. */
function onCall(
  type: string,
  name: string,
  before: (args: unknown[]) => unknown[] | void,
): void {
  const { prototype } =
    (globalThis as unknown as Record<string, { prototype: object }>)[type];
  const holder = prototype as Record<string, Method>;
  const original = holder[name];
  holder[name] = function (...args) {
    return original.apply(this, before(args) ?? args);
  };
}

/** tfjs's own backend, on the same adapter. */
async function startStock(): Promise<void> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxComputeInvocationsPerWorkgroup:
        limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      // tfjs binds a buffer for each term of a sum.
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info));
  await tf.setBackend("webgpu");
}

/** Counts later steps of a network. */
export async function countStep(
  backend: Backend,
  network: string,
  { batch, steps }: { readonly batch: number; readonly steps: number },
): Promise<Counts> {
  const counts = {
    dispatches: 0,
    passes: 0,
    submits: 0,
    bindGroups: 0,
    bytes: 0,
    buffers: 0,
  };
  onCall("GPUComputePassEncoder", "dispatchWorkgroups", () => {
    counts.dispatches++;
    return [0, 0, 0];
  });
  onCall("GPUCommandEncoder", "beginComputePass", () => void counts.passes++);
  onCall("GPUQueue", "submit", () => void counts.submits++);
  onCall("GPUDevice", "createBindGroup", () => void counts.bindGroups++);
  onCall("GPUQueue", "writeBuffer", (args) => {
    counts.bytes += args[4] as number ?? (args[2] as ArrayBuffer).byteLength;
  });
  onCall("GPUDevice", "createBuffer", ([descriptor]) => {
    counts.buffers++;
    const { size, mappedAtCreation } = descriptor as GPUBufferDescriptor;
    // Written through its mapping.
    if (mappedAtCreation) counts.bytes += size;
  });

  if (backend === "stock") await startStock();
  else await startWebGPU({ allowSoftware: true });
  using training = new Training(network, batch);
  await training.reading(5);
  Object.keys(counts).forEach((name) =>
    counts[name as keyof typeof counts] = 0
  );
  await training.queued(steps);
  const perStep = Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, count / steps]),
  ) as typeof counts;

  const now = threadTime();
  let least = Infinity;
  for (let turn = 0; turn < 7; turn++) {
    const start = now();
    await training.queued(steps);
    least = Math.min(least, (now() - start) / steps);
  }
  const { numBytesAllocatedInGPU } = tf.memory() as unknown as {
    numBytesAllocatedInGPU: number;
  };
  return {
    ...perStep,
    poolBytes: numBytesAllocatedInGPU,
    cpuMilliseconds: least,
  };
}
