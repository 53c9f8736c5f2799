/** What this project's backend has beside what tfjs's has, for its kernels. */

import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import type { BufferPool } from "./_buffer_pool.ts";
import type { Deferred } from "./_deferred.ts";
import type { PassTime } from "./_gpu_timer.ts";
import type { BackendValues, OpenBackend } from "./_open_backend.ts";
import type { Shader } from "./_shader.ts";

/** How often a shader runs, and on which numbers. */
export interface Dispatch {
  /** Its uniforms, none by default. */
  readonly words?: readonly Uint32Array<ArrayBuffer>[];
  /** The workgroups in each dimension. */
  readonly groups: readonly [number, number?, number?];
}

/** What this backend adds to tfjs's. */
export interface TrainingBackend extends OpenBackend {
  /** The buffers. */
  readonly pool: BufferPool;
  /**
   * Runs a shader of our own on tensors, which it binds in their order; what it
   * writes must be among them. After them come its uniforms, if it has any.
   */
  run(
    shader: Shader,
    tensors: readonly TensorInfo[],
    dispatch: Dispatch,
  ): void;
  /** A tensor on the GPU with arbitrary contents. */
  allocate(shape: number[], dtype?: DataType): TensorInfo;
  /**
   * The data of `tensor` for a shader to change in place. They are taken from
   * it if nothing else shares them, and copied otherwise; the caller puts the
   * result in the place of `tensor`, which is not to be used any more.
   */
  take(tensor: TensorInfo): TensorInfo;
  /** A tensor that is computed when it is first used. */
  defer(shape: number[], deferred: Deferred): TensorInfo;
  /** How a tensor will be computed, if it was not yet. */
  deferredOf(tensor: TensorInfo): Deferred | undefined;
  /** Hands what was recorded to the GPU. */
  flush(): void;
  /**
   * The passes in which the GPU computes what `record` asks of it, where it has
   * a clock to read: with `each`, one for every dispatch.
   */
  timePasses(
    record: () => void,
    options?: { readonly each?: boolean },
  ): PassTime[] | undefined;
  /** The contents of tensors after one wait for the GPU, where that can be. */
  readTogether(tensors: readonly TensorInfo[]): BackendValues[];
}
