/** A C structure in memory that C may write to. */

import { readText } from "./_native_library.ts";

/**
 * Bytes of a fixed length, zero at first, read and written by offset. Every
 * access is checked against the length. What a pointer points to lives as long
 * as the structure.
 */
export class Struct {
  /** The memory itself, to be passed as a `"buffer"`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #targets: Uint8Array[] = [];

  /** A structure of `size` bytes. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Writes a 32-bit number. */
  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, LITTLE_ENDIAN);
  }

  /** Writes the address of `target`. */
  setPointer(offset: number, target: Uint8Array<ArrayBuffer>): void {
    this.#targets.push(target);
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(target));
    this.#view.setBigUint64(offset, BigInt(address), LITTLE_ENDIAN);
  }

  /** Reads an unsigned 32-bit number. */
  u32(offset: number): number {
    return this.#view.getUint32(offset, LITTLE_ENDIAN);
  }

  /** Reads an unsigned 64-bit number. */
  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, LITTLE_ENDIAN);
  }

  /** Reads the text in an array of `length` characters. */
  text(offset: number, length: number): string {
    return readText(
      new Uint8Array(this.bytes.buffer, offset, length),
    );
  }
}

// Of every machine that Deno runs on.
const LITTLE_ENDIAN = true;
