/** How long the GPU computes, by its own clock, where it has one to read. */

import type { StagingBuffer } from "./_staging_buffer.ts";

/** Passes that can be timed at once. */
const MOST_PASSES = 1024;

/** Times the passes that take its descriptors. */
export class GpuTimer implements Disposable {
  readonly #device: GPUDevice;
  readonly #times: GPUQuerySet;
  readonly #buffer: GPUBuffer;
  #passes = 0;

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

  /** What the next pass is to begin with. */
  pass(): GPUComputePassDescriptor | undefined {
    if (this.#passes === MOST_PASSES) return undefined;
    const index = 2 * this.#passes++;
    return {
      timestampWrites: {
        querySet: this.#times,
        beginningOfPassWriteIndex: index,
        endOfPassWriteIndex: index + 1,
      },
    };
  }

  /** The milliseconds of all passes, which were submitted. */
  milliseconds(staging: StagingBuffer): number {
    const count = 2 * this.#passes;
    if (count === 0) return 0;
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#times, 0, count, this.#buffer, 0);
    const [bytes] = staging.read(
      [this.#buffer],
      encoder,
      () => this.#device.queue.submit([encoder.finish()]),
    );
    const times = new BigUint64Array(bytes, 0, count);
    let nanoseconds = 0n;
    for (let i = 0; i < count; i += 2) nanoseconds += times[i + 1] - times[i];
    return Number(nanoseconds) / 1e6;
  }

  [Symbol.dispose](): void {
    this.#times.destroy();
    this.#buffer.destroy();
  }
}
