/** Convolutions and matrix products, each term multiplied as it stands. */

import { type Compute, floatBits } from "./compute.ts";
import { type Finish, plain } from "./finish.ts";
import {
  Frame,
  frameFor,
  type Images,
  matrixSteps,
  type Steps,
  type Windows,
  windowSteps,
} from "./frame.ts";
import { PANEL, TILE_ROWS } from "./_kernel.ts";
import { MOST_ROWS } from "./_tile_products.ts";
import { scoped } from "../../../runtime/scoped.ts";
import { sumRows } from "./rows.ts";
import { packWeights, toPanels, type Weights } from "./weights.ts";

/** The rows of a chunk fill a quarter of a second-level cache. */
const CHUNK_BYTES = 1 << 18;
/** As many chunks keep several threads busy. */
const CHUNKS = 16;
/** Fewer columns are not worth going through the rows again. */
const LEAST_COLUMNS = 64;

/** How a product is cut, by rows first and then by columns. */
function chunksOf(pixels: number, columns: number, rowBytes: number) {
  const tiles = Math.ceil(pixels / TILE_ROWS);
  const fit = Math.min(
    MOST_ROWS,
    Math.max(8 * TILE_ROWS, CHUNK_BYTES / Math.max(1, rowBytes)),
  );
  const ranges = Math.ceil(pixels / fit);
  const chunkPixels = Math.ceil(tiles / ranges) * TILE_ROWS;
  const wanted = Math.min(
    Math.ceil(CHUNKS / ranges),
    Math.max(1, Math.floor(columns / LEAST_COLUMNS)),
  );
  const wide = 2 * PANEL;
  const chunkColumns = Math.ceil(columns / wanted / wide) * wide;
  return {
    chunkPixels,
    chunkColumns,
    columnChunks: Math.ceil(columns / chunkColumns),
  };
}

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
  scoped((own) => {
    const packed = own(packWeights(compute, weights));
    const bias = own(compute.scratch(4 * toPanels(columns)));
    const biases = compute.floats(bias.address, toPanels(columns)).fill(0);
    if (finish.bias !== undefined) {
      biases.set(compute.floats(finish.bias, columns));
    }
    const cut = chunksOf(pixels, columns, steps.columnStep);
    compute.run(
      "multiply",
      {
        a,
        b: packed.address,
        out,
        bias: bias.address,
        pixels,
        ...cut,
        ...steps,
        ...outSteps ?? compactSteps(steps, columns),
        columns,
        lowest: floatBits(finish.lowest),
        highest: floatBits(finish.highest),
      },
      {
        chunks: Math.ceil(pixels / cut.chunkPixels) * cut.columnChunks,
        multiplications: pixels * columns * steps.outer * steps.middle *
          steps.run,
      },
    );
  });
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
  scoped((own) => {
    const frame = own(new Frame(compute, images, frameFor(windows)));
    multiply(compute, {
      a: frame.address,
      steps: windowSteps(frame, windows, images.channels),
      pixels: images.count * windows.rows * windows.columns,
      ...rest,
    });
  });
}

/** A row-major matrix of `rows · weights.run`, and what it is multiplied with. */
type MatrixProduct = Omit<Product, "steps" | "pixels"> & {
  readonly rows: number;
};

/** Multiplies a matrix with weights. */
export function multiplyMatrix(
  compute: Compute,
  { rows, ...rest }: MatrixProduct,
): void {
  const steps = matrixSteps(rows, rest.weights.run);
  multiply(compute, { steps, pixels: rows, ...rest });
}

/** Terms that are added up one after another, and in a part of a longer sum. */
const LONG_SUM = 8192;
const PART_TERMS = 4096;
/** Numbers that the parts of sums may take: 64 MB. */
const MOST_PARTS = 2 ** 24;

/** Whether sums are so long that one after another they lose digits. */
export function isLongSum(terms: number): boolean {
  return terms > LONG_SUM;
}

/**
 * Multiplies a matrix with weights where {@linkcode isLongSum}: in parts, whose
 * sums are added up. Of n terms the error then grows with 4096 + n / 4096, and
 * not with n.
 */
export function multiplyInParts(
  compute: Compute,
  { rows, a, weights, out }: Omit<MatrixProduct, "finish">,
): void {
  const { run, rowStep, columns } = weights;
  const parts = Math.max(
    2,
    Math.min(
      Math.ceil(run / PART_TERMS),
      Math.floor(MOST_PARTS / (rows * columns)),
    ),
  );
  const whole = matrixSteps(rows, run);
  const terms = Math.ceil(run / parts);
  scoped((own) => {
    const size = rows * columns;
    const sums = own(compute.scratch(4 * parts * size));
    for (let part = 0; part < parts; part++) {
      const first = part * terms;
      const length = Math.min(terms, run - first);
      multiply(compute, {
        a: a + 4 * first,
        steps: { ...whole, run: length },
        pixels: rows,
        weights: {
          ...weights,
          address: weights.address + first * rowStep,
          run: length,
        },
        out: sums.address + 4 * part * size,
        finish: plain,
      });
    }
    sumRows(compute, {
      from: sums.address,
      rows: parts,
      columns: size,
      to: out,
    });
  });
}
