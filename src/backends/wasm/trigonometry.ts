import type { KernelConfig, UnaryInputs } from "@tensorflow/tfjs";
import { type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/** A function of each value in doubles, rounded once. */
function rounded(name: string, of: (x: number) => number): KernelConfig {
  return wasmKernel(
    name,
    ({ inputs: { x }, backend }: KernelCall<UnaryInputs, object>) => {
      const out = backend.makeOutput(x.shape, "float32");
      const from = backend.typedArrayFromHeap(x);
      const to = backend.typedArrayFromHeap(out);
      for (let i = 0; i < to.length; i++) to[i] = of(from[i]);
      return out;
    },
  );
}

/**
 * Sines, cosines and tangents, of which the backend's own are off by up to 2e-7,
 * whatever their value.
 */
export const trigonometricKernels: readonly KernelConfig[] = [
  rounded("Sin", Math.sin),
  rounded("Cos", Math.cos),
  rounded("Tan", Math.tan),
];
