/**
 * Gradients of complex numbers. tfjs's engine takes those of floats alone: of a
 * Fourier transform it has none, of an absolute value and of products it would
 * give a float that is wrong.
 */

import type * as tf from "@tensorflow/tfjs";
import {
  type Gradient,
  registerGradient,
  replaceGradient,
} from "../_engine.ts";

function refuse(kernelName: string): never {
  // With tfjs's own words, by which preflight() knows them.
  throw new Error(
    `Cannot differentiate ${kernelName} as its numbers must be floats: current dtype is complex64, and gradient function not found for ${kernelName}; keep real and imaginary parts apart, and transform by products with matrices of cosines and sines`,
  );
}

/** Refuses the gradient where an input is complex. */
function ofFloatsOnly(kernelName: string): void {
  replaceGradient(kernelName, (stock: Gradient<tf.NamedAttrMap>) => ({
    ...stock,
    gradFunc: (dys, saved, attrs) =>
      saved.some(({ dtype }) => dtype === "complex64")
        ? refuse(kernelName)
        : stock.gradFunc(dys, saved, attrs),
  }));
}

/** Registers gradients that say why there is none. */
export function refuseComplexGradients(): void {
  ["FFT", "IFFT", "Complex", "Real", "Imag"].forEach((kernelName) =>
    registerGradient({ kernelName, gradFunc: () => refuse(kernelName) })
  );
  ["ComplexAbs", "Multiply"].forEach(ofFloatsOnly);
}
