import { GunzipStream } from "./_gunzip_stream.ts";
import { DatasetError } from "./image_dataset.ts";

/** Read before it is known whether a file holds what its header claims. */
const FIRST_BYTES = 1 << 20;

/**
 * Whether a file begins as gzip does, or is named so and does not begin as IDX,
 * with two zeros.
 */
async function isGzip(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const first = new Uint8Array(2);
  const read = await file.read(first);
  if (first[0] === 0x1f && first[1] === 0x8b) return true;
  return path.endsWith(".gz") && (read !== 2 || first[0] + first[1] > 0);
}

/** An IDX file, plain or gzipped, read from front to back. */
export class IdxReader {
  readonly #path: string;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0);

  private constructor(path: string, bytes: ReadableStream<Uint8Array>) {
    this.#path = path;
    this.#reader = bytes.getReader();
  }

  /** By what it begins with, as browsers unpack files and leave their names. */
  static async open(path: string): Promise<IdxReader> {
    const zipped = await isGzip(path);
    const { readable } = await Deno.open(path);
    return new IdxReader(
      path,
      zipped ? readable.pipeThrough(new GunzipStream()) : readable,
    );
  }

  /** Fills `target` and gives how much of it the file had. */
  async fill(target: Uint8Array): Promise<number> {
    let at = 0;
    while (at < target.length) {
      if (this.#rest.length === 0) {
        const chunk = await this.#next();
        if (chunk === undefined) break;
        this.#rest = chunk as Uint8Array<ArrayBuffer>;
      }
      const taken = this.#rest.subarray(0, target.length - at);
      target.set(taken, at);
      at += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    return at;
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      return (await this.#reader.read()).value;
    } catch (error) {
      throw new DatasetError(
        `Cannot read ${this.#path} as it is damaged (${
          (error as Error).message
        })`,
        { cause: error },
      );
    }
  }

  /** The header's dimensions, after the magic number was checked. */
  async dimensions(magic: number): Promise<number[]> {
    const header = new DataView(new ArrayBuffer(4 * (1 + (magic & 255))));
    const got = await this.fill(new Uint8Array(header.buffer));
    const found = got >= 4 ? header.getUint32(0) : `a file of ${got} bytes`;
    if (found !== magic) {
      throw new DatasetError(
        `Cannot read ${this.#path} as its magic number must be ${magic}: current value is ${found}`,
      );
    }
    if (got < header.byteLength) {
      this.#fail(`${header.byteLength} bytes of header`, got);
    }
    return Array.from(
      { length: magic & 255 },
      (_, i) => header.getUint32(4 + 4 * i),
    );
  }

  /**
   * The first `wanted` of the `total` bytes after the header. Memory is taken as
   * bytes come, so that a header alone cannot claim any.
   */
  async body(wanted: number, total: number): Promise<Uint8Array<ArrayBuffer>> {
    let target = new Uint8Array(Math.min(wanted, FIRST_BYTES));
    let got = 0;
    while (got < wanted) {
      if (got === target.length) {
        const larger = new Uint8Array(Math.min(wanted, 2 * got));
        larger.set(target);
        target = larger;
      }
      const more = await this.fill(target.subarray(got));
      if (more === 0) this.#fail(`${wanted} more bytes`, got);
      got += more;
    }
    if (wanted === total && await this.fill(new Uint8Array(1)) > 0) {
      this.#fail(`${total} bytes after its header`, "more");
    }
    return target;
  }

  /** Passes over `length` bytes, a piece at a time. */
  async skip(length: number): Promise<void> {
    const piece = new Uint8Array(Math.min(length, 1 << 16));
    for (let left = length; left > 0;) {
      const got = await this.fill(piece.subarray(0, left));
      if (got === 0) this.#fail(`${length} more bytes`, length - left);
      left -= got;
    }
  }

  #fail(expected: string, found: number | string): never {
    throw new DatasetError(
      `Cannot read ${this.#path} as it must hold ${expected}: current value is ${found}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // How a file that is not read to its end closes is of no interest.
    await this.#reader.cancel().catch(() => {});
  }
}
