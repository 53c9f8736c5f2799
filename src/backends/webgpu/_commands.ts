/**
 * Commands on their way to the GPU: recorded in one pass after another, submitted
 * in large groups, and never far ahead of what the GPU has done.
 */

import { BindGroups } from "./_bind_groups.ts";
import type { BufferPool } from "./_buffer_pool.ts";
import type { Driver } from "./_driver.ts";
import { GpuTimer, type PassTime } from "./_gpu_timer.ts";
import type { OpenBackend } from "./_open_backend.ts";
import type { StagingBuffer } from "./_staging_buffer.ts";
import type { Dispatch } from "./_training_backend.ts";

/**
 * Commands after which they are submitted, so that the GPU starts on a step
 * while the processor still records it.
 */
const COMMANDS_TOGETHER = 192;

/**
 * Submissions that may be under way. One more waits for the GPU: a loop that
 * reads nothing would queue its steps, and their memory, without bound.
 */
const MOST_AHEAD = 64;

/** What {@linkcode Commands} work with. */
export interface CommandParts {
  readonly pool: BufferPool;
  readonly driver: Driver;
  /** How to wait for the GPU, where this runtime allows it. */
  readonly staging: StagingBuffer | undefined;
}

/** Records and submits the commands of a backend. */
export class Commands {
  readonly #backend: OpenBackend;
  readonly #pool: BufferPool;
  readonly #driver: Driver;
  readonly #staging: StagingBuffer | undefined;
  readonly #bindGroups: BindGroups;
  #recorded = 0;
  #ahead = 0;
  #timer: GpuTimer | undefined;
  #passForEach = false;

  /** Commands on buffers of `pool`, in the encoders of `backend`. */
  constructor(backend: OpenBackend, { pool, driver, staging }: CommandParts) {
    this.#backend = backend;
    this.#pool = pool;
    this.#driver = driver;
    this.#staging = staging;
    this.#bindGroups = new BindGroups(backend.device, pool);
  }

  /** Records a run of `pipeline` on `buffers`. */
  record(
    pipeline: GPUComputePipeline,
    buffers: readonly GPUBuffer[],
    [x, y = 1, z = 1]: Dispatch["groups"],
  ): void {
    const backend = this.#backend;
    const group = this.#bindGroups.of(pipeline, buffers);
    backend.ensureCommandEncoderReady();
    const pass = backend.computePassEncoder ??= backend.commandEncoder!
      .beginComputePass(
        this.#timer?.pass(`${pipeline.label} ${x}x${y}x${z}`),
      );
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
    if (this.#passForEach) backend.endComputePassEncoder();
    if (++this.#recorded >= COMMANDS_TOGETHER) this.flush();
  }

  /** Records a copy of all of `source` to `target`. */
  copy(source: GPUBuffer, target: GPUBuffer): void {
    this.#pool.use(source);
    this.#pool.use(target);
    this.#encoder().copyBufferToBuffer(source, 0, target, 0, source.size);
  }

  /** Submits what was recorded. */
  flush(): void {
    this.#backend.endComputePassEncoder();
    if (this.#backend.commandEncoder) this.#backend.submitQueue();
  }

  /** To be called when the backend has submitted what was recorded. */
  submitted(): void {
    this.#recorded = 0;
    this.#pool.submitted();
    const staging = this.#staging;
    if (++this.#ahead > MOST_AHEAD && staging) {
      this.#driver.attempt(() => staging.wait());
      this.#ahead = 0;
    }
  }

  /** The contents of `sources` once all that was recorded is done. */
  read(staging: StagingBuffer, sources: readonly GPUBuffer[]): ArrayBuffer[] {
    const contents = this.#driver.attempt(() =>
      staging.read(
        sources,
        this.#encoder(),
        () => this.#backend.submitQueue(),
      )
    );
    this.#ahead = 0;
    return contents;
  }

  /** The passes of what `record` records, where the GPU has a clock to read. */
  timePasses(
    record: () => void,
    { each = false }: { readonly each?: boolean } = {},
  ): PassTime[] | undefined {
    const { device } = this.#backend;
    if (!this.#staging || !device.features.has("timestamp-query")) {
      return undefined;
    }
    this.flush();
    const timer = this.#timer = new GpuTimer(device);
    this.#passForEach = each;
    try {
      record();
      this.flush();
      return timer.read(this.#staging);
    } finally {
      this.#timer = undefined;
      this.#passForEach = false;
      timer[Symbol.dispose]();
    }
  }

  /** Forgets which buffers were bound, as some were destroyed. */
  forgetBuffers(): void {
    this.#bindGroups.clear();
  }

  /** The encoder, outside of any pass. */
  #encoder(): GPUCommandEncoder {
    this.#backend.ensureCommandEncoderReady();
    this.#backend.endComputePassEncoder();
    return this.#backend.commandEncoder!;
  }
}
