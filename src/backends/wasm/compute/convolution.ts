/** Convolutions and their filter gradients by whichever way is faster. */

import { convolutionTile, filterGradientTile } from "./_algorithm.ts";
import type { Compute } from "./compute.ts";
import { correlateDirectly, type FilterGradient } from "./correlate.ts";
import { type Convolution, convolveDirectly } from "./multiply.ts";
import { convolveWinograd, correlateWinograd } from "./winograd.ts";

let winogradAllowed = true;

/** Sets whether convolutions may be computed in tiles from now on. */
export function allowWinograd(allowed: boolean): void {
  winogradAllowed = allowed;
}

/** Convolves images with weights. */
export function convolve(compute: Compute, convolution: Convolution): void {
  const { images, windows, weights: { columns } } = convolution;
  const tile = winogradAllowed && !convolution.outSteps
    ? convolutionTile({ images, windows, columns })
    : undefined;
  if (tile) convolveWinograd(compute, convolution, tile);
  else convolveDirectly(compute, convolution);
}

/** The gradient of a convolution with respect to its weights. */
export function correlateWindows(
  compute: Compute,
  gradient: FilterGradient,
): void {
  const { images, windows, columns, out } = gradient;
  if (images.count === 0) {
    const taps = windows.filterHeight * windows.filterWidth;
    compute.floats(out, taps * images.channels * columns).fill(0);
    return;
  }
  const tile = winogradAllowed ? filterGradientTile(gradient) : undefined;
  if (tile) correlateWinograd(compute, gradient, tile);
  else correlateDirectly(compute, gradient);
}
