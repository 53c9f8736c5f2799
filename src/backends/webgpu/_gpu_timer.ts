/** How long the GPU computes, by its own clock, where it has one to read. */

import type { StagingBuffer } from "./_staging_buffer.ts";

/** Passes that can be timed at once. */
const MOST_PASSES = 1024;

/** A pass, and how long the GPU took for it. */
export interface PassTime {
  /** The program that comes first in the pass, and its workgroups. */
  readonly name: string;
  readonly milliseconds: number;
}

/** Times the passes that take its descriptors. */
export class GpuTimer implements Disposable {
  readonly #device: GPUDevice;
  readonly #times: GPUQuerySet;
  readonly #buffer: GPUBuffer;
  readonly #names: string[] = [];

  /** A timer on a device that has the feature `timestamp-query`. */
  constructor(device: GPUDevice) {
    this.#device = device;
    const count = 2 * MOST_PASSES;
    this.#times = device.createQuerySet({ type: "timestamp", count });
    this.#buffer = device.createBuffer({
      size: 8 * count,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** What the next pass, in which `name` comes first, is to begin with. */
  pass(name: string): GPUComputePassDescriptor | undefined {
    if (this.#names.length === MOST_PASSES) return undefined;
    const index = 2 * this.#names.length;
    this.#names.push(name);
    return {
      timestampWrites: {
        querySet: this.#times,
        beginningOfPassWriteIndex: index,
        endOfPassWriteIndex: index + 1,
      },
    };
  }

  /** All passes, which were submitted. */
  read(staging: StagingBuffer): PassTime[] {
    const count = 2 * this.#names.length;
    if (count === 0) return [];
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#times, 0, count, this.#buffer, 0);
    const [bytes] = staging.read(
      [this.#buffer],
      encoder,
      () => this.#device.queue.submit([encoder.finish()]),
    );
    const times = new BigUint64Array(bytes, 0, count);
    return this.#names.map((name, i) => ({
      name,
      milliseconds: Number(times[2 * i + 1] - times[2 * i]) / 1e6,
    }));
  }

  [Symbol.dispose](): void {
    this.#times.destroy();
    this.#buffer.destroy();
  }
}
