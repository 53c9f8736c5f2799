import type { BackendName } from "./select_backend.ts";

const everywhere = [
  "A fused product of one matrix with several has no gradient in TensorFlow.js, which refuses it.",
];

const limits: Readonly<Record<BackendName, readonly string[]>> = {
  cpu: everywhere,
  wasm: [
    ...everywhere,
    "Complex numbers, and so Fourier transforms, have no kernels: they are refused at the first use.",
    "With Winograd's convolutions, a NaN reaches the results of neighbouring windows too.",
  ],
  webgpu: [
    ...everywhere,
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
