import type { BackendName } from "./select_backend.ts";

const everywhere = [
  "Dilated convolutions have no gradient in TensorFlow.js: preflight() refuses them in training.",
  "A fused product of one matrix with several has no gradient in TensorFlow.js, which refuses it.",
];

const limits: Readonly<Record<BackendName, readonly string[]>> = {
  cpu: [
    ...everywhere,
    "batchNormalization() without scale or center does not train: preflight() refuses it.",
  ],
  wasm: [
    ...everywhere,
    "sin(), cos() and tan() are off by up to 2e-7, whatever their value.",
    "With Winograd's convolutions, a NaN reaches the results of neighbouring windows too.",
  ],
  webgpu: [
    ...everywhere,
    "batchNormalization() without scale or center does not train: preflight() refuses it.",
    "Max pooling passes over NaN, and takes no value below -1e20.",
    "Products of several matrices with fewer, or with empty ones, are wrong: repeat the fewer with tile() first.",
    "Resizing with alignCorners has no right gradient for images one pixel wide or high.",
    "Of equal values, argMax() and argMin() may take any.",
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
