/** Convolutions and their filter gradients by whichever way is faster. */

import type { Compute } from "./compute.ts";
import { correlateDirectly, type FilterGradient } from "./correlate.ts";
import type { Images, Windows } from "./frame.ts";
import { type Convolution, convolveDirectly } from "./multiply.ts";
import { convolveWinograd, correlateWinograd } from "./winograd.ts";
import { type WinogradTile, winogradTiles } from "./_winograd_matrices.ts";

/** The tile for a convolution, or none if it is faster as it stands. */
function tileFor(
  compute: Compute,
  images: Images,
  windows: Windows,
  columns: number,
): WinogradTile | undefined {
  const { filterHeight, filterWidth } = windows;
  const simple = windows.strideHeight === 1 && windows.strideWidth === 1 &&
    windows.dilationHeight === 1 && windows.dilationWidth === 1 &&
    filterHeight === filterWidth;
  if (!simple) return undefined;
  return winogradTiles.find((tile) => tile.taps === filterHeight);
}

/** Convolves images with weights. */
export function convolve(compute: Compute, convolution: Convolution): void {
  const { images, windows, weights } = convolution;
  const tile = tileFor(compute, images, windows, weights.columns);
  if (tile) convolveWinograd(compute, convolution, tile);
  else convolveDirectly(compute, convolution);
}

/** The gradient of a convolution with respect to its weights. */
export function correlateWindows(
  compute: Compute,
  gradient: FilterGradient,
): void {
  const { images, windows, columns } = gradient;
  const tile = tileFor(compute, images, windows, columns);
  if (tile) correlateWinograd(compute, gradient, tile);
  else correlateDirectly(compute, gradient);
}
