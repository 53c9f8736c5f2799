/** Convolutions and matrix products, each term multiplied as it stands. */

import { type Compute, floatBits } from "./compute.ts";
import type { Finish } from "./finish.ts";
import {
  Frame,
  frameFor,
  type Images,
  matrixSteps,
  type Steps,
  type Windows,
  windowSteps,
} from "./frame.ts";
import { packWeights, toPanels, type Weights } from "./weights.ts";

const CHUNK_BYTES = 65_536;

/** From one result to the next, in bytes. */
export interface OutSteps {
  readonly outColumnStep: number;
  readonly outRowStep: number;
  readonly outImageStep: number;
}

/** The steps of results that lie one after another. */
function compactSteps(
  { rowPixels, imageRows }: Steps,
  columns: number,
): OutSteps {
  return {
    outColumnStep: 4 * columns,
    outRowStep: 4 * columns * rowPixels,
    outImageStep: 4 * columns * rowPixels * imageRows,
  };
}

/** A product of rows, wherever they lie, with weights. */
interface Product {
  readonly a: number;
  readonly steps: Steps;
  readonly pixels: number;
  readonly weights: Weights;
  readonly out: number;
  /** Where the results lie, if not one after another. */
  readonly outSteps?: OutSteps;
  readonly finish: Finish;
}

function multiply(
  compute: Compute,
  { a, steps, pixels, weights, out, outSteps, finish }: Product,
): void {
  const { columns } = weights;
  using packed = packWeights(compute, weights);
  using bias = compute.scratch(4 * toPanels(columns));
  const biases = compute.floats(bias.address, toPanels(columns)).fill(0);
  if (finish.bias !== undefined) {
    biases.set(compute.floats(finish.bias, columns));
  }
  const fit = Math.floor(CHUNK_BYTES / Math.max(1, steps.columnStep) / 6) * 6;
  const chunkPixels = Math.min(510, Math.max(6, fit));
  compute.run(
    "multiply",
    {
      a,
      b: packed.address,
      out,
      bias: bias.address,
      pixels,
      chunkPixels,
      ...steps,
      ...outSteps ?? compactSteps(steps, columns),
      columns,
      lowest: floatBits(finish.lowest),
      highest: floatBits(finish.highest),
    },
    Math.ceil(pixels / chunkPixels),
    pixels * columns * steps.outer * steps.middle * steps.run,
  );
}

/** A convolution of images with weights in the order of the windows' taps. */
export interface Convolution {
  readonly images: Images;
  readonly windows: Windows;
  readonly weights: Weights;
  readonly out: number;
  /** Where the outputs lie, if not one after another. */
  readonly outSteps?: OutSteps;
  readonly finish: Finish;
}

/** Convolves images with weights. */
export function convolveDirectly(
  compute: Compute,
  { images, windows, ...rest }: Convolution,
): void {
  using frame = new Frame(compute, images, frameFor(windows));
  multiply(compute, {
    a: frame.address,
    steps: windowSteps(frame, windows, images.channels),
    pixels: images.count * windows.rows * windows.columns,
    ...rest,
  });
}

/** Multiplies a row-major matrix of `rows · weights.run` with weights. */
export function multiplyMatrix(
  compute: Compute,
  { rows, ...rest }: Omit<Product, "steps" | "pixels"> & {
    readonly rows: number;
  },
): void {
  const steps = matrixSteps(rows, rest.weights.run);
  multiply(compute, { steps, pixels: rows, ...rest });
}
