/**
 * What a shader is told beside its tensors: shapes, strides, sizes, rates. Most
 * of it is the same at every step, so it is written once and kept by content.
 */

import type { BufferPool } from "./_buffer_pool.ts";

/** Uniforms that are kept; those used longest ago make room for others. */
const KEPT = 4096;

/** A uniform as tfjs describes it. */
export interface Uniform {
  readonly type: string;
  data: number[];
}

/** Buffers of uniforms by what they hold. */
export class Uniforms {
  readonly #pool: BufferPool;
  readonly #queue: GPUQueue;
  readonly #kept = new Map<string, GPUBuffer>();
  readonly #most: number;

  /** Uniforms in buffers of `pool`, of which at most `most` are kept. */
  constructor(pool: BufferPool, queue: GPUQueue, most = KEPT) {
    this.#pool = pool;
    this.#queue = queue;
    this.#most = most;
  }

  /** A buffer that holds `list`, laid out as WGSL wants a struct to be. */
  of(list: readonly Uniform[]): GPUBuffer {
    let key = "";
    for (const { type, data } of list) {
      key += type === "float32" ? "f" : "i";
      // -0 and 0 are written alike, which no shader tells apart.
      key += data.join(",") + ";";
    }
    return this.#get(key, () => layOut(list));
  }

  /** A buffer that holds 32-bit words as they are. */
  ofWords(words: Uint32Array<ArrayBuffer>): GPUBuffer {
    return this.#get(words.join(), () => words.buffer);
  }

  #get(key: string, contents: () => ArrayBuffer): GPUBuffer {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    if (this.#kept.size >= this.#most) {
      const [oldest, buffer] = this.#kept.entries().next().value!;
      this.#kept.delete(oldest);
      this.#pool.releaseBuffer(buffer);
    }
    const bytes = contents();
    const buffer = this.#pool.acquireForWriting(
      bytes.byteLength,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    );
    this.#queue.writeBuffer(buffer, 0, bytes);
    this.#kept.set(key, buffer);
    return buffer;
  }
}

/** The alignment of vectors in WGSL, by their length. */
const ALIGNMENTS = [4, 4, 8, 16, 16, 16, 16];

function layOut(list: readonly Uniform[]): ArrayBuffer {
  let end = 0;
  let largest = 4;
  let lengthBefore = 0;
  const offsets = list.map((uniform) => {
    // The strides of a vector: WGSL has no empty member.
    if (uniform.data.length === 0) uniform.data = [1];
    const { length } = uniform.data;
    const afterStruct = lengthBefore === 5 || lengthBefore === 6;
    const alignment = afterStruct ? 16 : ALIGNMENTS[length];
    largest = Math.max(largest, alignment);
    const offset = alignment * Math.ceil(end / alignment);
    end = offset + 4 * length;
    lengthBefore = length;
    return offset;
  });
  const bytes = new ArrayBuffer(largest * Math.ceil(end / largest));
  list.forEach(({ type, data }, i) => {
    const view = type === "int32"
      ? Int32Array
      : type === "uint32"
      ? Uint32Array
      : Float32Array;
    new view(bytes, offsets[i], data.length).set(data);
  });
  return bytes;
}
