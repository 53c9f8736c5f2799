/** Filter gradients and products whose left side is transposed. */

import type { Compute } from "./compute.ts";
import {
  Frame,
  frameFor,
  type Images,
  matrixSteps,
  type Steps,
  type Windows,
  windowSteps,
} from "./frame.ts";
import { resizeRows, sumRows } from "./rows.ts";
import { toPanels } from "./weights.ts";

// A block of this many pixels of one panel fills half of a first-level cache.
const BLOCK_PIXELS = 256;
const MOST_GROUPS = 16;
const MOST_PARTIAL_BYTES = 1 << 25;

/** A product of transposed rows, wherever they lie, with a matrix. */
interface Correlation {
  readonly a: number;
  readonly steps: Steps;
  readonly images: number;
  /** Of all images; with one image, its last row may be shorter. */
  readonly pixels: number;
  readonly d: number;
  readonly columns: number;
  readonly out: number;
}

function correlate(
  compute: Compute,
  { a, steps, images, pixels, d, columns, out }: Correlation,
): void {
  const padded = toPanels(columns);
  using widened = padded === columns
    ? undefined
    : compute.scratch(4 * pixels * padded);
  if (widened) {
    resizeRows(compute, {
      from: d,
      rows: pixels,
      columns,
      to: widened.address,
      toColumns: padded,
    });
  }
  const rows = steps.outer * steps.middle * steps.run;
  const size = rows * padded;
  const wanted = Math.min(
    images,
    MOST_GROUPS,
    Math.max(1, Math.floor(MOST_PARTIAL_BYTES / (4 * size))),
  );
  const groupImages = Math.ceil(images / wanted);
  const groups = Math.ceil(images / groupImages);
  const cuts = Math.ceil(MOST_GROUPS / groups);
  const runBlock = Math.ceil(steps.run / cuts / 6) * 6;
  const runBlocks = Math.ceil(steps.run / runBlock);
  using partial = groups === 1 && padded === columns
    ? undefined
    : compute.scratch(4 * groups * size);
  const result = partial?.address ?? out;
  compute.run(
    "correlate",
    {
      a,
      d: widened?.address ?? d,
      out: result,
      images,
      groupImages,
      blockRows: Math.max(1, Math.floor(BLOCK_PIXELS / steps.rowPixels)),
      ...steps,
      lastPixels: steps.rowPixels - images * steps.imageRows * steps.rowPixels +
        pixels,
      runBlock,
      runBlocks,
      columns: padded,
    },
    groups * runBlocks,
    pixels * size,
  );
  if (partial === undefined) return;
  const sum = groups === 1
    ? result
    : padded === columns
    ? out
    : partial.address;
  if (groups > 1) {
    sumRows(compute, { from: result, rows: groups, columns: size, to: sum });
  }
  if (padded !== columns) {
    resizeRows(compute, {
      from: sum,
      rows,
      columns: padded,
      to: out,
      toColumns: columns,
    });
  }
}

/** The gradient of a convolution with respect to its weights. */
export interface FilterGradient {
  readonly images: Images;
  readonly windows: Windows;
  /** The address of the gradient of the outputs. */
  readonly dy: number;
  /** The channels of the outputs. */
  readonly columns: number;
  readonly out: number;
}

/** Sums, for each tap, images at that tap times dy over all windows. */
export function correlateDirectly(
  compute: Compute,
  { images, windows, dy, columns, out }: FilterGradient,
): void {
  using frame = new Frame(compute, images, frameFor(windows));
  correlate(compute, {
    a: frame.address,
    steps: windowSteps(frame, windows, images.channels),
    images: images.count,
    pixels: images.count * windows.rows * windows.columns,
    d: dy,
    columns,
    out,
  });
}

/** Multiplies the transpose of `a`, which is `rows · run`, with `d`. */
export function multiplyTransposed(
  compute: Compute,
  { rows, run, ...rest }: Omit<Correlation, "steps" | "images" | "pixels"> & {
    readonly rows: number;
    readonly run: number;
  },
): void {
  // The last block of rows may be shorter than the others.
  const blocks = Math.ceil(rows / BLOCK_PIXELS);
  const rowPixels = Math.ceil(rows / blocks);
  const steps = {
    ...matrixSteps(rowPixels, run),
    imageRows: Math.ceil(rows / rowPixels),
    imageStep: 4 * run * rows,
  };
  correlate(compute, { steps, pixels: rows, images: 1, ...rest });
}
