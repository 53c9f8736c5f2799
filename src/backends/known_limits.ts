import { checkData, oneOf, record } from "../runtime/check_data.ts";
import type { BackendName } from "./select_backend.ts";

const everywhere = [
  "A fused product of one matrix with several has no gradient in TensorFlow.js, which refuses it.",
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
    "Indices that the GPU computed are not refused out of range: floats become NaN there, whole numbers read 0 and are not written.",
    "What is not a number may be lost where the driver's shaders cut values off.",
  ],
};

/**
 * What is known to be wrong or missing on a backend, as sentences: what remains
 * after its kernels and gradients were held against plain loops over random
 * shapes, and mended. A test holds each sentence to its word.
 *
 * @example
 * ```ts
 * import { knownLimits, selectBackend } from "@clr/clr/backends";
 *
 * const { backend } = await selectBackend({ backend: "wasm" });
 * knownLimits(backend).forEach((limit) => console.log(limit));
 * ```
 *
 * @throws {TypeError} If there is no such backend.
 */
export function knownLimits(backend: BackendName): readonly string[] {
  const names = Object.keys(limits);
  checkData(
    "list known limits",
    { backend },
    record({ backend: oneOf(...names) }),
  );
  return limits[backend];
}
