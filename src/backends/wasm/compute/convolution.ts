/** Convolutions and matrix products as jobs for the compute kernels. */

import { type Compute, floatBits, type Scratch } from "./compute.ts";
import { PANEL } from "./_kernel.ts";

/** Values outside of which results are cut off: a fused ReLU, say. */
export interface Clamp {
  readonly lowest: number;
  readonly highest: number;
}

/** The size of images in memory, channels last. */
export interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Where images go in larger ones; negative offsets cut them. */
export interface Placement {
  readonly top: number;
  readonly left: number;
  /** The distance between two rows and two columns; zeros lie between. */
  readonly spreadHeight: number;
  readonly spreadWidth: number;
  readonly height: number;
  readonly width: number;
}

/** How a convolution's windows lie on images that are padded already. */
export interface Windows {
  readonly rows: number;
  readonly columns: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
}

/** Rounds up to a whole number of panels. */
function toPanels(columns: number): number {
  return Math.ceil(columns / PANEL) * PANEL;
}

/** Which of `size` entries at `first + i · spread` fall into `[0, limit)`. */
function visible(size: number, first: number, spread: number, limit: number) {
  const from = Math.max(0, Math.ceil(-first / spread));
  const to = Math.min(size, Math.floor((limit - 1 - first) / spread) + 1);
  return { from, count: Math.max(0, to - from), at: first + from * spread };
}

/** Places images into others at the address `to`, zeroed first with `clear`. */
export function placeImages(
  compute: Compute,
  address: number,
  images: Images,
  placement: Placement,
  to: number,
  clear = true,
): void {
  const { height, width, spreadHeight, spreadWidth } = placement;
  const pixelBytes = 4 * images.channels;
  const rows = visible(images.height, placement.top, spreadHeight, height);
  const columns = visible(images.width, placement.left, spreadWidth, width);
  const rowStep = images.width * pixelBytes;
  compute.run(
    "place",
    {
      from: address + rows.from * rowStep + columns.from * pixelBytes,
      to,
      imageStep: images.height * rowStep,
      rowStep,
      rows: rows.count,
      columns: columns.count,
      pixelBytes,
      toImageBytes: height * width * pixelBytes,
      toRowStep: spreadHeight * width * pixelBytes,
      toColumnStep: spreadWidth * pixelBytes,
      toFirst: (rows.at * width + columns.at) * pixelBytes,
      clear: Number(clear),
    },
    images.count,
    images.count * height * width * images.channels / 4,
  );
}

/**
 * The images padded (and spread) for a convolution: in a frame of their own,
 * or where they are if they need none.
 */
export class Frame implements Disposable {
  readonly address: number;
  readonly height: number;
  readonly width: number;
  readonly #scratch?: Scratch;

  constructor(
    compute: Compute,
    address: number,
    images: Images,
    placement: Placement,
  ) {
    const { top, left, spreadHeight, spreadWidth } = placement;
    const inPlace = top === 0 && left === 0 && spreadHeight === 1 &&
      spreadWidth === 1 && placement.height <= images.height &&
      placement.width <= images.width;
    if (inPlace) {
      this.address = address;
      this.height = images.height;
      this.width = images.width;
      return;
    }
    this.height = placement.height;
    this.width = placement.width;
    this.#scratch = compute.scratch(
      4 * images.count * this.height * this.width * images.channels,
    );
    this.address = this.#scratch.address;
    placeImages(compute, address, images, placement, this.address);
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}

/** The frame that a convolution's windows need. */
export function frameFor(windows: Windows, top: number, left: number) {
  return {
    top,
    left,
    spreadHeight: 1,
    spreadWidth: 1,
    height: (windows.rows - 1) * windows.strideHeight +
      (windows.filterHeight - 1) * windows.dilationHeight + 1,
    width: (windows.columns - 1) * windows.strideWidth +
      (windows.filterWidth - 1) * windows.dilationWidth + 1,
  };
}

/** The steps with which windows are read; taps in a row are read as one run. */
function windowSteps(frame: Frame, channels: number, windows: Windows) {
  const pixel = 4 * channels;
  const row = frame.width * pixel;
  const contiguous = windows.dilationWidth === 1;
  return {
    rowPixels: windows.columns,
    imageRows: windows.rows,
    columnStep: windows.strideWidth * pixel,
    rowStep: windows.strideHeight * row,
    imageStep: frame.height * row,
    outer: windows.filterHeight,
    outerStep: windows.dilationHeight * row,
    middle: contiguous ? 1 : windows.filterWidth,
    middleStep: windows.dilationWidth * pixel,
    run: contiguous ? windows.filterWidth * channels : channels,
  };
}

/** A matrix to be packed: `taps · run` rows of columns, anyhow in memory. */
export interface Weights {
  readonly address: number;
  readonly taps: number;
  /** From a tap to the next one, in bytes. */
  readonly tapStep: number;
  readonly run: number;
  readonly rowStep: number;
  readonly columns: number;
  readonly columnStep: number;
}

function packWeights(compute: Compute, weights: Weights): Scratch {
  const { address, taps, run, columns } = weights;
  const size = taps * run * toPanels(columns);
  const packed = compute.scratch(4 * size);
  compute.run(
    "pack",
    {
      from: address,
      to: packed.address,
      taps,
      tapStep: weights.tapStep,
      run,
      rowStep: weights.rowStep,
      columns,
      columnStep: weights.columnStep,
    },
    toPanels(columns) / PANEL,
    size,
  );
  return packed;
}

const CHUNK_BYTES = 65_536;

/** How the result of a product is finished. */
export interface Finish extends Clamp {
  /** The address of one bias per column. */
  readonly bias?: number;
}

/** No bias, no clamping. */
export const plain: Finish = { lowest: -Infinity, highest: Infinity };

type Steps = ReturnType<typeof windowSteps>;

function multiply(
  compute: Compute,
  a: number,
  steps: Steps,
  pixels: number,
  weights: Weights,
  out: number,
  finish: Finish,
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
      columns,
      lowest: floatBits(finish.lowest),
      highest: floatBits(finish.highest),
    },
    Math.ceil(pixels / chunkPixels),
    pixels * columns * steps.outer * steps.middle * steps.run,
  );
}

/** Convolves framed images with weights in the order of the window's taps. */
export function convolve(
  compute: Compute,
  frame: Frame,
  images: Images,
  windows: Windows,
  weights: Weights,
  out: number,
  finish: Finish,
): void {
  multiply(
    compute,
    frame.address,
    windowSteps(frame, images.channels, windows),
    images.count * windows.rows * windows.columns,
    weights,
    out,
    finish,
  );
}

/** Multiplies a row-major matrix of `rows · weights.run` with weights. */
export function multiplyMatrix(
  compute: Compute,
  a: number,
  rows: number,
  weights: Weights,
  out: number,
  finish: Finish,
): void {
  const rowBytes = 4 * weights.run;
  const steps = {
    rowPixels: rows,
    imageRows: 1,
    columnStep: rowBytes,
    rowStep: rows * rowBytes,
    imageStep: rows * rowBytes,
    outer: 1,
    outerStep: 0,
    middle: 1,
    middleStep: 0,
    run: weights.run,
  };
  multiply(compute, a, steps, rows, weights, out, finish);
}

// A block of this many pixels of one panel fills half of a first-level cache.
const BLOCK_PIXELS = 256;
const MOST_GROUPS = 16;
const MOST_PARTIAL_BYTES = 1 << 25;

/** Copies a row-major matrix to one with more or fewer columns. */
function resizeColumns(
  compute: Compute,
  from: number,
  rows: number,
  columns: number,
  to: number,
  toColumns: number,
): void {
  const images = { count: 1, height: rows, width: columns, channels: 1 };
  placeImages(compute, from, images, {
    top: 0,
    left: 0,
    spreadHeight: 1,
    spreadWidth: 1,
    height: rows,
    width: toColumns,
  }, to);
}

function correlate(
  compute: Compute,
  a: number,
  steps: Steps,
  images: number,
  d: number,
  columns: number,
  out: number,
): void {
  const padded = toPanels(columns);
  const pixels = images * steps.imageRows * steps.rowPixels;
  using widened = padded === columns
    ? undefined
    : compute.scratch(4 * pixels * padded);
  if (widened) {
    resizeColumns(compute, d, pixels, columns, widened.address, padded);
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
    sumRows(compute, result, groups, size, sum);
  }
  if (padded !== columns) {
    resizeColumns(compute, sum, rows, padded, out, columns);
  }
}

/** Sums a few long rows; the sum may take the place of the first row. */
function sumRows(
  compute: Compute,
  from: number,
  rows: number,
  columns: number,
  to: number,
): void {
  compute.run(
    "sumRows",
    { from, to, rows, columns, chunkRows: rows },
    1,
    rows * columns,
  );
}

const SUM_ROWS = 256;

/** Sums the rows of a matrix, column by column, in ranges and then those. */
export function sumColumns(
  compute: Compute,
  from: number,
  rows: number,
  columns: number,
  to: number,
): void {
  const ranges = Math.ceil(rows / SUM_ROWS);
  using partial = compute.scratch(4 * ranges * columns);
  compute.run(
    "sumRows",
    { from, to: partial.address, rows, columns, chunkRows: SUM_ROWS },
    ranges,
    rows * columns,
  );
  sumRows(compute, partial.address, ranges, columns, to);
}

/** The gradient of a convolution with respect to its weights. */
export function correlateWindows(
  compute: Compute,
  frame: Frame,
  images: Images,
  windows: Windows,
  d: number,
  columns: number,
  out: number,
): void {
  const steps = windowSteps(frame, images.channels, windows);
  correlate(compute, frame.address, steps, images.count, d, columns, out);
}

/** Multiplies the transpose of `a`, which is `rows · run`, with `d`. */
export function multiplyTransposed(
  compute: Compute,
  a: number,
  rows: number,
  run: number,
  d: number,
  columns: number,
  out: number,
): void {
  // Pixels in rows that divide evenly, as all rows must be of one length.
  let rowPixels = Math.min(rows, BLOCK_PIXELS);
  while (rows % rowPixels !== 0) rowPixels--;
  const steps = {
    rowPixels,
    imageRows: rows / rowPixels,
    columnStep: 4 * run,
    rowStep: 4 * run * rowPixels,
    imageStep: 4 * run * rows,
    outer: 1,
    outerStep: 0,
    middle: 1,
    middleStep: 0,
    run,
  };
  correlate(compute, a, steps, 1, d, columns, out);
}

/** The steps of windows whose channels are taken one by one. */
function depthwiseSteps(frame: Frame, channels: number, windows: Windows) {
  return {
    ...windowSteps(frame, channels, { ...windows, dilationWidth: 1 }),
    middle: windows.filterWidth,
    middleStep: windows.dilationWidth * 4 * channels,
    run: 1,
  };
}

/** Convolves each channel of framed images with a filter of its own. */
export function convolveDepthwise(
  compute: Compute,
  frame: Frame,
  images: Images,
  windows: Windows,
  filter: number,
  out: number,
): void {
  const { channels, count } = images;
  const { run: _, ...steps } = depthwiseSteps(frame, channels, windows);
  compute.run(
    "depthwise",
    { a: frame.address, b: filter, out, ...steps, channels },
    count,
    count * windows.rows * windows.columns * channels * steps.outer *
      steps.middle,
  );
}

/** The gradient of a depthwise convolution with respect to its filter. */
export function correlateDepthwise(
  compute: Compute,
  frame: Frame,
  images: Images,
  windows: Windows,
  d: number,
  out: number,
): void {
  const { channels, count } = images;
  const { run: _, ...steps } = depthwiseSteps(frame, channels, windows);
  const size = steps.outer * steps.middle * channels;
  const groupImages = Math.ceil(count / MOST_GROUPS);
  const groups = Math.ceil(count / groupImages);
  using partial = compute.scratch(4 * groups * size);
  compute.run(
    "correlateDepthwise",
    {
      a: frame.address,
      d,
      out: partial.address,
      images: count,
      groupImages,
      ...steps,
      channels,
    },
    groups,
    count * windows.rows * windows.columns * size,
  );
  sumRows(compute, partial.address, groups, size, out);
}
