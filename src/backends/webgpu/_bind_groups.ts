/**
 * Which buffers a shader works on. A step binds the same buffers as the step
 * before it, so bind groups are kept, by pipeline and buffers.
 */

import type { BufferPool } from "./_buffer_pool.ts";

/** Bind groups that are kept before all are forgotten. */
const KEPT = 2 ** 15;

/** A pipeline's number and the layout of its only bind group. */
interface Pipeline {
  readonly id: number;
  readonly layout: GPUBindGroupLayout;
}

/** Bind groups by pipeline and buffers. */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #pipelines = new Map<GPUComputePipeline, Pipeline>();
  readonly #kept = new Map<string, GPUBindGroup>();

  /** Bind groups on `device` of buffers of `pool`. */
  constructor(device: GPUDevice, pool: BufferPool) {
    this.#device = device;
    this.#pool = pool;
  }

  /** The bind group of `buffers`, which recorded commands are about to use. */
  of(
    pipeline: GPUComputePipeline,
    buffers: readonly GPUBuffer[],
  ): GPUBindGroup {
    const { id, layout } = this.#pipelineOf(pipeline);
    let key = `${id}`;
    let isKept = true;
    for (const buffer of buffers) {
      const number = this.#pool.use(buffer);
      // Not the pool's, so nobody would say when it is destroyed.
      if (number < 0) isKept = false;
      key += `,${number}`;
    }
    let group = isKept ? this.#kept.get(key) : undefined;
    if (group !== undefined) return group;
    group = this.#device.createBindGroup({
      layout,
      entries: buffers.map((buffer, binding) => ({
        binding,
        resource: { buffer },
      })),
    });
    if (isKept) {
      if (this.#kept.size >= KEPT) this.#kept.clear();
      this.#kept.set(key, group);
    }
    return group;
  }

  /** Forgets the bind groups, as buffers were destroyed. */
  clear(): void {
    this.#kept.clear();
  }

  #pipelineOf(pipeline: GPUComputePipeline): Pipeline {
    let known = this.#pipelines.get(pipeline);
    if (known === undefined) {
      const layout = pipeline.getBindGroupLayout(0);
      known = { id: this.#pipelines.size, layout };
      this.#pipelines.set(pipeline, known);
    }
    return known;
  }
}
