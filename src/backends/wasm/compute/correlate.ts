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
import { scoped } from "../../../runtime/scoped.ts";
import { multiplyTransposed } from "./multiply_transposed.ts";

/** The fewest columns for which transposing the left side is worth while. */
const LEAST_COLUMNS = 64;

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
  scoped((own) => {
    const widened = own(
      padded === columns ? undefined : compute.scratch(4 * pixels * padded),
    );
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
    const partial = own(
      groups === 1 && padded === columns
        ? undefined
        : compute.scratch(4 * groups * size),
    );
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
      { chunks: groups * runBlocks, multiplications: pixels * size },
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
  });
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
  scoped((own) => {
    const frame = own(new Frame(compute, images, frameFor(windows)));
    correlate(compute, {
      a: frame.address,
      steps: windowSteps(frame, windows, images.channels),
      images: images.count,
      d: dy,
      columns,
      out,
    });
  });
}
