/**
 * Reads from the GPU without waiting for the event loop.
 *
 * Deno's `mapAsync` waits for the GPU and maps the buffer before it returns,
 * and then sleeps 10 ms before its promise resolves. A buffer that was mapped
 * once before can therefore be read at once: the only way to read
 * synchronously, and a hundred times quicker for a loss.
 */

// Weights of any size pass through; a buffer as large is not kept.
const LARGEST_KEPT = 2 ** 24;

/** A buffer through which the contents of others reach the processor. */
export class StagingBuffer {
  readonly #device: GPUDevice;
  #buffer: GPUBuffer | undefined;
  #settled: Promise<void> = Promise.resolve();

  /** A staging buffer on `device`, as large as the reads require. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Whether this runtime maps buffers at once. */
  async works(): Promise<boolean> {
    const source = this.#device.createBuffer({
      size: 4,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#device.queue.writeBuffer(source, 0, new Uint32Array([42]));
    try {
      const encoder = this.#device.createCommandEncoder();
      const [contents] = this.read(
        [source],
        encoder,
        () => this.#device.queue.submit([encoder.finish()]),
      );
      return new Uint32Array(contents)[0] === 42;
    } catch {
      return false; // the standard's answer: not mapped before it resolves
    } finally {
      source.destroy();
      await this.settled();
    }
  }

  /** Resolves when the promise of every read so far has. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /**
   * The contents of `sources` once all commands are done, those of `encoder`
   * among them, which `submit` submits.
   */
  read(
    sources: readonly GPUBuffer[],
    encoder: GPUCommandEncoder,
    submit: () => void,
  ): ArrayBuffer[] {
    const offsets: number[] = [];
    let end = 0;
    for (const { size } of sources) {
      offsets.push(end);
      // What is mapped starts at multiples of 8.
      end += 8 * Math.ceil(size / 8);
    }
    const buffer = this.#atLeast(end);
    sources.forEach((source, i) =>
      encoder.copyBufferToBuffer(source, 0, buffer, offsets[i], source.size)
    );
    submit();
    return this.#map(
      buffer,
      end,
      (range) =>
        sources.map(({ size }, i) =>
          range.slice(offsets[i], offsets[i] + size)
        ),
    );
  }

  /** Waits until all commands that were submitted are done. */
  wait(): void {
    this.#map(this.#atLeast(4), 4, () => {});
  }

  #map<T>(buffer: GPUBuffer, size: number, use: (range: ArrayBuffer) => T): T {
    // What it could reject with, getMappedRange throws.
    const mapped = buffer.mapAsync(GPUMapMode.READ, 0, size).catch(() => {});
    const before = this.#settled;
    this.#settled = mapped.then(() => before);
    try {
      return use(buffer.getMappedRange(0, size));
    } finally {
      buffer.unmap();
      if (size > LARGEST_KEPT) this.#release();
    }
  }

  #atLeast(size: number): GPUBuffer {
    if (this.#buffer && this.#buffer.size >= size) return this.#buffer;
    this.#release();
    this.#buffer = this.#device.createBuffer({
      size: Math.max(size, 4096),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      // A buffer that was never mapped does not know its mode: Deno aborts
      // when one is read before the promise resolves.
      mappedAtCreation: true,
    });
    this.#buffer.unmap();
    return this.#buffer;
  }

  #release(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}
