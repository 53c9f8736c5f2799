/** Guard bytes around whatever is allocated on the heap of the WASM backend. */

import * as tf from "@tensorflow/tfjs";

/** The part of the backend's module that allocates. */
interface Heap {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

const BYTES = 256;
const MARK = 0xab;

/** Guards allocations from now on, until it is disposed of. */
export class HeapGuard {
  readonly #heap: Heap;
  readonly #stock: Pick<Heap, "_malloc" | "_free">;
  /** The sizes of what is guarded, by address. */
  readonly #live = new Map<number, number>();

  constructor() {
    const heap = (tf.backend() as unknown as { readonly wasm: Heap }).wasm;
    // The module puts these in their own place when they are first called.
    heap._free(heap._malloc(1));
    const stock = { _malloc: heap._malloc, _free: heap._free };
    this.#heap = heap;
    this.#stock = stock;
    heap._malloc = (bytes) => {
      const address = stock._malloc(bytes + 2 * BYTES) + BYTES;
      this.#live.set(address, bytes);
      this.#mark(address, bytes);
      return address;
    };
    heap._free = (address) =>
      stock._free(this.#live.delete(address) ? address - BYTES : address);
  }

  #mark(address: number, bytes: number): void {
    this.#heap.HEAPU8.fill(MARK, address - BYTES, address);
    this.#heap.HEAPU8.fill(MARK, address + bytes, address + bytes + BYTES);
  }

  /** Whether something was written beside an allocation since it was last asked. */
  wasBroken(): boolean {
    const { HEAPU8: heap } = this.#heap;
    let isBroken = false;
    for (const [address, bytes] of this.#live) {
      const end = address + bytes;
      const isWhole = heap.subarray(address - BYTES, address)
        .every((byte) => byte === MARK) &&
        heap.subarray(end, end + BYTES).every((byte) => byte === MARK);
      if (isWhole) continue;
      isBroken = true;
      this.#mark(address, bytes);
    }
    return isBroken;
  }

  /** Allocates without guards again. */
  [Symbol.dispose](): void {
    this.#heap._malloc = this.#stock._malloc;
    // What is guarded still is freed as such.
    if (this.#live.size === 0) this.#heap._free = this.#stock._free;
  }
}
