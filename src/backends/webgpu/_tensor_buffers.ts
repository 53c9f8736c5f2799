/**
 * How a tensor gets its buffer on the GPU: from the pool, with what the processor
 * has of it written by the queue, or one that holds its only number for good.
 */

import * as tf from "@tensorflow/tfjs";
import { BatchMemory } from "./_batch_memory.ts";
import { Constants } from "./_constants.ts";
import { computeDeferred } from "./_deferred_tensors.ts";
import { type Driver, largestTensor } from "./_driver.ts";
import { GpuMemoryError } from "./errors.ts";
import { bufferOf, type TensorData } from "./_open_backend.ts";
import { groupsFor } from "./_shape.ts";
import type { TrainingBackend } from "./_training_backend.ts";
import {
  packTwoValued,
  type TwoValued,
  unpackTwoValued,
} from "./_two_valued.ts";
import { floatBits, wholeWords } from "./_words.ts";

const STORAGE = () =>
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** The only number of a tensor as the GPU has it. */
function wordOf({ values, dtype }: TensorData): Uint32Array<ArrayBuffer> {
  const number = values as ArrayLike<number>;
  return dtype === "float32" ? floatBits([number[0]]) : wholeWords([number[0]]);
}

/** The bytes of a tensor's buffer: a shader binds a vector of four at least. */
function bytesOf({ shape }: { readonly shape: readonly number[] }): number {
  const size = tf.util.sizeFromShape([...shape]);
  return size === 0 ? 16 : 4 * size;
}

/** Gives the tensors of a backend their buffers. */
export class TensorBuffers {
  readonly #backend: TrainingBackend;
  readonly #driver: Driver;
  readonly #largest: number;
  readonly #constants: Constants;
  readonly #memory = new BatchMemory();
  /** The shape of the tensor that memory is asked for. */
  #asking: readonly number[] = [];

  /** Buffers of the pool of `backend`. */
  constructor(backend: TrainingBackend, driver: Driver) {
    this.#backend = backend;
    this.#driver = driver;
    this.#largest = largestTensor(backend.device);
    this.#constants = new Constants(
      backend.pool,
      backend.device.queue,
      STORAGE(),
    );
  }

  /** Puts a tensor on the GPU, where it is not there yet. */
  upload(data: TensorData): void {
    this.#upload(data, { changes: false });
  }

  /** Gives a tensor that a shader is to write into a buffer of its own. */
  uploadToChange(data: TensorData): void {
    // What the processor still has may be one of the constants.
    if (data.values != null && data.external) {
      data.resource = null;
      data.external = false;
    }
    this.#upload(data, { changes: true });
  }

  /** To be called before the buffer of a tensor is given back. */
  release(data: TensorData): void {
    if (data.resource && !data.external) {
      this.#memory.count(data.shape, -bytesOf(data));
    }
  }

  /** What to say if the `bytes` that are asked for now are refused. */
  refusalOf(bytes: number): () => GpuMemoryError {
    const shape = this.#asking;
    const bytesInUse = this.#backend.pool.numBytesUsed;
    const batch = this.#memory.largestBatch(shape, bytes);
    return () =>
      new GpuMemoryError({
        device: this.#driver.name,
        shape,
        bytes,
        bytesInUse,
        ...batch && { batch },
      });
  }

  #upload(data: TensorData, { changes }: { readonly changes: boolean }): void {
    if (data.resource != null) return;
    if (data.deferred) return computeDeferred(this.#backend, data);
    const bytes = bytesOf(data);
    // A wrong index can make a length negative, which Deno takes for a huge
    // one; tfjs cannot release such a buffer and fails ever after.
    if (!(bytes >= 0 && bytes <= this.#largest)) {
      throw new RangeError(
        `Cannot hold a tensor of shape [${data.shape}] on ` +
          `${this.#driver.name} as it must take 0 to ${this.#largest} bytes: ` +
          `current value is ${bytes}`,
      );
    }
    this.#asking = data.shape;
    const isOne = data.values?.length === 1 && bytes === 4;
    const constant = isOne && !changes
      ? this.#constants.of(wordOf(data))
      : undefined;
    if (constant !== undefined) {
      data.resource = constant;
      // It stays when the tensor is disposed of, and is copied to be written.
      data.external = true;
      return;
    }
    this.#driver.attempt(() => {
      data.resource = data.values
        ? this.#write(data, bytes)
        : this.#backend.pool.acquireBuffer(bytes, STORAGE());
    });
    this.#memory.count(data.shape, bytes);
    // Once they are on the GPU, they may change there.
    data.values = null;
  }

  #write(data: TensorData, bytes: number): GPUBuffer {
    const { values, dtype } = data;
    const isWhole = dtype === "int32" || dtype === "bool";
    const length = bytes / 4;
    if (!isWhole && values!.length === length) {
      const packed = packTwoValued(values);
      if (packed) return this.#unpack(packed, bytes);
    }
    const { pool, device } = this.#backend;
    const buffer = pool.acquireForWriting(bytes, STORAGE());
    const Words = isWhole ? Int32Array : Float32Array;
    let words = values instanceof Words
      ? values as Float32Array<ArrayBuffer>
      : Words.from(values as Float32Array);
    // tfjs takes what there is; Deno would abort.
    if (words.length !== length) {
      const whole = new Words(length);
      whole.set(words.subarray(0, length));
      words = whole;
    }
    if (length > 0) device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }

  /** Writes the values as bits, of which the GPU makes numbers. */
  #unpack({ bits, value }: TwoValued, bytes: number): GPUBuffer {
    const backend = this.#backend;
    const source = backend.makeTensorInfo([bits.length], "int32");
    const target = backend.makeTensorInfo([bytes / 4], "float32");
    backend.tensorMap.get(source.dataId).values = bits;
    backend.run(unpackTwoValued, [target, source], {
      words: [floatBits([value, 0, 0, 0])],
      groups: groupsFor(bytes / 4),
    });
    backend.disposeData(source.dataId);
    const unpacked = backend.tensorMap.get(target.dataId);
    const buffer = bufferOf(unpacked);
    this.#memory.count(unpacked.shape, -bytes);
    unpacked.resource = null;
    backend.disposeData(target.dataId);
    return buffer;
  }
}
