/** Filter gradients and products whose left side is transposed. */

import type { Compute } from "./compute.ts";
import {
  Frame,
  frameFor,
  type Images,
  type Steps,
  type Windows,
  windowSteps,
} from "./frame.ts";
import { resizeRows, sumRows } from "./rows.ts";
import { toPanels } from "./weights.ts";
import { PANEL, TILE_ROWS } from "./_kernel.ts";
import { MOST_ROWS } from "./_tile_products.ts";

/** A line of the processor's cache. */
const LINE_BYTES = 64;

// A block of this many pixels of one panel fills half of a first-level cache.
const BLOCK_PIXELS = 256;
const MOST_GROUPS = 16;
const MOST_PARTIAL_BYTES = 1 << 25;

/** A product of transposed rows, wherever they lie, with a matrix. */
interface Correlation {
  readonly a: number;
  readonly steps: Steps;
  readonly images: number;
  readonly d: number;
  readonly columns: number;
  readonly out: number;
}

function correlate(
  compute: Compute,
  { a, steps, images, d, columns, out }: Correlation,
): void {
  const padded = toPanels(columns);
  const pixels = images * steps.imageRows * steps.rowPixels;
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

/** Whether each pixel is a window of its own. */
function isPointwise(images: Images, windows: Windows): boolean {
  return windows.filterHeight === 1 && windows.filterWidth === 1 &&
    windows.rows === images.height && windows.columns === images.width &&
    windows.top === 0 && windows.left === 0 && windows.strideHeight === 1 &&
    windows.strideWidth === 1;
}

/** Sums, for each tap, images at that tap times dy over all windows. */
export function correlateDirectly(
  compute: Compute,
  { images, windows, dy, columns, out }: FilterGradient,
): void {
  if (isPointwise(images, windows) && columns >= LEAST_COLUMNS) {
    multiplyTransposed(compute, {
      a: images.address,
      rows: images.count * images.height * images.width,
      run: images.channels,
      d: dy,
      columns,
      out,
    });
    return;
  }
  using frame = new Frame(compute, images, frameFor(windows));
  correlate(compute, {
    a: frame.address,
    steps: windowSteps(frame, windows, images.channels),
    images: images.count,
    d: dy,
    columns,
    out,
  });
}

/** A product of a transposed matrix with another. */
export interface TransposedProduct {
  /** Row-major, `rows · run`. */
  readonly a: number;
  readonly rows: number;
  readonly run: number;
  /** Row-major, `rows · columns`. */
  readonly d: number;
  readonly columns: number;
  readonly out: number;
}

/** Rows of a and d that are packed at once: a panel fills half of a cache. */
const BLOCK_ROWS = 512;
/** The fewest columns for which transposing the left side is worth while. */
const LEAST_COLUMNS = 64;
/** The fewest rows of the result for which packing a panel is worth while. */
const LEAST_RUN = 48;
/** As many chunks keep several threads busy. */
const CHUNKS = 8;

/** Multiplies the transpose of `a` with `d`. */
export function multiplyTransposed(
  compute: Compute,
  { a, rows, run, d, columns, out }: TransposedProduct,
): void {
  const blockPixels = Math.min(rows, BLOCK_ROWS);
  const size = run * columns;
  // Groups read everything once, but have sums of their own to be added up;
  // ranges of the run read all of d each.
  const cheapGroups = rows * (run + columns) / (8 * size);
  const wantedGroups = Math.min(
    CHUNKS,
    Math.ceil(rows / BLOCK_ROWS),
    Math.max(1, Math.floor(cheapGroups)),
  );
  const groupPixels = Math.ceil(rows / wantedGroups);
  const groups = Math.ceil(rows / groupPixels);
  const wantedBlocks = Math.min(
    Math.ceil(CHUNKS / groups),
    Math.max(1, Math.floor(run / LEAST_RUN)),
  );
  const runBlock = Math.min(
    Math.ceil(run / wantedBlocks / TILE_ROWS) * TILE_ROWS,
    MOST_ROWS,
  );
  const runBlocks = Math.ceil(run / runBlock);
  // Blocks add to whole panels, so that the last one needs room behind it.
  using partial = groups === 1 && columns % PANEL === 0
    ? undefined
    : compute.scratch(4 * (groups * size + PANEL));
  const scratchBytes = 8 * PANEL * blockPixels +
    runBlock * (4 * blockPixels + LINE_BYTES);
  using scratch = compute.scratch(compute.threads * scratchBytes);
  using zeros = compute.scratch(8 * PANEL);
  compute.floats(zeros.address, 2 * PANEL).fill(0);
  compute.run(
    "multiplyTransposed",
    {
      a,
      d,
      out: partial?.address ?? out,
      zeros: zeros.address,
      scratch: scratch.address,
      scratchBytes,
      pixels: rows,
      groupPixels,
      blockPixels,
      run,
      runBlock,
      runBlocks,
      columns,
    },
    groups * runBlocks,
    rows * size,
  );
  if (partial) {
    sumRows(compute, {
      from: partial.address,
      rows: groups,
      columns: size,
      to: out,
    });
  }
}
