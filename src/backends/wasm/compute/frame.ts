/** Images in memory, and where they are placed before they are convolved. */

import type { Compute, Scratch } from "./compute.ts";

/** Images in memory, channels last. */
export interface Images {
  readonly address: number;
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

/** How a convolution's windows lie on images. */
export interface Windows {
  readonly rows: number;
  readonly columns: number;
  /** How far the first window begins before the image's first pixel. */
  readonly top: number;
  readonly left: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
}

/** Which of `size` entries at `first + i · spread` fall into `[0, limit)`. */
function visible(
  { size, first, spread, limit }: {
    readonly size: number;
    readonly first: number;
    readonly spread: number;
    readonly limit: number;
  },
) {
  const from = Math.max(0, Math.ceil(-first / spread));
  const to = Math.min(size, Math.floor((limit - 1 - first) / spread) + 1);
  return { from, count: Math.max(0, to - from), at: first + from * spread };
}

/** Places images into others at the address `to`, zeroed first with `clear`. */
export function placeImages(
  compute: Compute,
  images: Images,
  { to, clear = true, ...placement }: Placement & {
    readonly to: number;
    readonly clear?: boolean;
  },
): void {
  const { height, width, spreadHeight, spreadWidth } = placement;
  const pixelBytes = 4 * images.channels;
  const rows = visible({
    size: images.height,
    first: placement.top,
    spread: spreadHeight,
    limit: height,
  });
  const columns = visible({
    size: images.width,
    first: placement.left,
    spread: spreadWidth,
    limit: width,
  });
  const rowStep = images.width * pixelBytes;
  compute.run(
    "place",
    {
      from: images.address + rows.from * rowStep + columns.from * pixelBytes,
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
    {
      chunks: images.count,
      multiplications: images.count * height * width * images.channels / 4,
    },
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
    images: Images,
    placement: Placement,
  ) {
    const { top, left, spreadHeight, spreadWidth } = placement;
    const inPlace = top === 0 && left === 0 && spreadHeight === 1 &&
      spreadWidth === 1 && placement.height <= images.height &&
      placement.width <= images.width;
    if (inPlace) {
      this.address = images.address;
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
    placeImages(compute, images, { ...placement, to: this.address });
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}

/** The frame that a convolution's windows need. */
export function frameFor(windows: Windows): Placement {
  return {
    top: windows.top,
    left: windows.left,
    spreadHeight: 1,
    spreadWidth: 1,
    height: (windows.rows - 1) * windows.strideHeight +
      (windows.filterHeight - 1) * windows.dilationHeight + 1,
    width: (windows.columns - 1) * windows.strideWidth +
      (windows.filterWidth - 1) * windows.dilationWidth + 1,
  };
}

/** The steps with which windows are read; taps in a row are read as one run. */
export function windowSteps(
  frame: Frame,
  windows: Windows,
  channels: number,
) {
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

/** The steps with which a product reads its left side. */
export type Steps = ReturnType<typeof windowSteps>;

/** The steps through a row-major matrix of `run` columns. */
export function matrixSteps(rows: number, run: number): Steps {
  const rowBytes = 4 * run;
  return {
    rowPixels: rows,
    imageRows: 1,
    columnStep: rowBytes,
    rowStep: rows * rowBytes,
    imageStep: rows * rowBytes,
    outer: 1,
    outerStep: 0,
    middle: 1,
    middleStep: 0,
    run,
  };
}
