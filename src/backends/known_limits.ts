import type { BackendName } from "./select_backend.ts";

const everywhere = [
  "A fused product of one matrix with several has no gradient in TensorFlow.js, which refuses it.",
  "logSumExp() is NaN of infinities, where its limit is one.",
  "Losses and metrics count the steps that a mask left out, too.",
];

const limits: Readonly<Record<BackendName, readonly string[]>> = {
  cpu: everywhere,
  wasm: [
    ...everywhere,
    "Tensors of strings are stored, cut and joined; all else with them is refused.",
    "Complex numbers, and so Fourier transforms, have no kernels: they are refused at the first use.",
    "With Winograd's convolutions, a NaN reaches the results of neighbouring windows too.",
  ],
  webgpu: [
    ...everywhere,
    "Complex numbers are added, multiplied, joined and transformed; all else with them is refused.",
    "Indices out of range are not refused: they read and write something else.",
    "Rotated images are filled with 0 in a fourth channel, where others make it opaque.",
    "Slices whose segment lies beyond the last are counted to it, where others leave them out.",
    "Whole numbers above 2^24 are rounded as floats where they are added up, moved or chosen.",
    "0 to a negative power is 0 where the power is odd, and a remainder by infinity NaN.",
    "What is not a number may be lost where the driver's shaders cut values off.",
  ],
};

/**
 * What is known to be wrong or missing on a backend, as sentences: what remains
 * after its kernels and gradients were held against plain loops over random
 * shapes, and mended.
 *
 * @example
 * ```ts
 * import { knownLimits, selectBackend } from "@clr/clr/backends";
 *
 * const { backend } = await selectBackend({ backend: "wasm" });
 * knownLimits(backend).forEach((limit) => console.log(limit));
 * ```
 */
export function knownLimits(backend: BackendName): readonly string[] {
  return limits[backend];
}
