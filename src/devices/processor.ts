/** What the processor brings to the WASM backend. */

/** The processor as WASM programs see it. */
export interface Processor {
  /** Its architecture, such as `"x86_64"`. */
  readonly architecture: string;
  /** How many threads run at once. */
  readonly threads: number;
  /** What WebAssembly can do here. */
  readonly wasm: {
    /** Several numbers at a time, which tfjs's fast kernels need. */
    readonly simd: boolean;
    /** Memory that threads share, which tfjs's threaded kernels need. */
    readonly threads: boolean;
    /** Fused multiplication and addition; tfjs does not use it yet. */
    readonly relaxedSimd: boolean;
  };
}

// The smallest modules that use each feature: a function whose body is the
// last bytes, `i8x16.popcnt`, `i32.atomic.load`, `i8x16.relaxed_swizzle`.
const MAGIC = [0, 97, 115, 109, 1, 0, 0, 0];
const TO_V128 = [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const TO_NOTHING = [1, 4, 1, 96, 0, 0, 3, 2, 1, 0];
const SHARED_MEMORY = [5, 4, 1, 3, 1, 1];
const SIMD = [
  ...MAGIC,
  ...TO_V128,
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
];
const THREADS = [
  ...MAGIC,
  ...TO_NOTHING,
  ...SHARED_MEMORY,
  ...[10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0, 26, 11],
];
const RELAXED_SIMD = [
  ...MAGIC,
  ...TO_V128,
  ...[10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
];

/**
 * The processor's architecture, threads and WebAssembly features.
 *
 * @example
 * ```ts
 * import { describeProcessor } from "@clr/clr/devices";
 *
 * const { threads, wasm } = describeProcessor();
 * console.log(`${threads} threads, SIMD: ${wasm.simd}`);
 * ```
 */
export function describeProcessor(): Processor {
  const validates = (bytes: number[]) =>
    WebAssembly.validate(Uint8Array.from(bytes));
  return {
    architecture: Deno.build.arch,
    threads: navigator.hardwareConcurrency,
    wasm: {
      simd: validates(SIMD),
      threads: typeof SharedArrayBuffer !== "undefined" && validates(THREADS),
      relaxedSimd: validates(RELAXED_SIMD),
    },
  };
}
