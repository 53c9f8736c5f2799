/** How many steps a second a network trains, and what of a step the GPU takes. */

import * as tf from "@tensorflow/tfjs";
import { formatGpuSample, GpuSampler } from "@clr/clr/devices";
import type { TrainingBackend } from "../../src/backends/webgpu/_training_backend.ts";
import type { PassTime } from "../../src/backends/webgpu/_gpu_timer.ts";
import { median } from "../../src/metrics/median.ts";
import { Training } from "./_networks.ts";

/** One network at one batch size. */
export interface Speed {
  readonly network: string;
  readonly parameters: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly repeats: number;
  /** Medians, in training steps a second. */
  readonly stepsPerSecond: {
    readonly queued: number;
    readonly reading: number;
  };
  /** What the GPU computes in a step, by its own clock. */
  readonly gpuMilliseconds?: number;
  /** Its programs, each in a pass of its own; the longest first. */
  readonly kernels?: readonly KernelTime[];
  /** What NVML saw of the GPU under the last measurement. */
  readonly gpu: readonly string[];
}

/** All dispatches of a program with as many workgroups in a step. */
export interface KernelTime {
  readonly name: string;
  readonly dispatches: number;
  readonly milliseconds: number;
}

function byKernel(passes: readonly PassTime[]): KernelTime[] {
  const groups = Object.entries(
    Object.groupBy(passes, ({ name }) => name),
  );
  return groups.map(([name, group]) => ({
    name,
    dispatches: group!.length,
    milliseconds: sumOf(group!),
  })).sort((a, b) => b.milliseconds - a.milliseconds);
}

function sumOf(passes: readonly PassTime[]): number {
  return passes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** How much to measure. */
export interface Effort {
  readonly steps: number;
  readonly repeats: number;
}

/** Measures a network; "queued" reads the last loss, "reading" each. */
export async function measureSpeed(
  network: string,
  batchSize: number,
  { steps, repeats }: Effort,
): Promise<Speed> {
  using training = new Training(network, batchSize);
  await using sampler = new GpuSampler();
  const perSecond = async (run: () => Promise<void>) => {
    const start = performance.now();
    await run();
    return 1000 * steps / (performance.now() - start);
  };
  // Compiles the shaders and makes the buffers.
  await training.reading(2);
  const queued: number[] = [];
  const reading: number[] = [];
  for (let i = 0; i < repeats; i++) {
    queued.push(await perSecond(() => training.queued(steps)));
    reading.push(await perSecond(() => training.reading(steps)));
  }
  const backend = tf.backend() as unknown as TrainingBackend;
  const step = () => training.step().dispose();
  const passes = backend.timePasses(step);
  const each = backend.timePasses(step, { each: true });
  return {
    network,
    parameters: training.model.countParams(),
    batchSize,
    steps,
    repeats,
    stepsPerSecond: { queued: median(queued), reading: median(reading) },
    ...passes && { gpuMilliseconds: sumOf(passes) },
    ...each && { kernels: byKernel(each) },
    gpu: sampler.latest.map(formatGpuSample),
  };
}
