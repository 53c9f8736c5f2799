import type { ImageShape } from "./image_dataset.ts";

/** Where a training image is put before the network sees it. */
export interface Placement {
  /** Pixels by which it moves to the right; a part of one interpolates linearly. */
  readonly right: number;
  /** Pixels by which it moves down. */
  readonly down: number;
  /** Whether left and right change places, before it moves. */
  readonly flip: boolean;
}

/** How training images are varied. */
export interface Augmentation {
  /** Draws a placement with uniform numbers of [0, 1). */
  place(random: () => number, shape: ImageShape): Placement;
  /** What comes in from outside: the nearest pixel, or the normalized value 0. */
  readonly fill: "nearest" | "zero";
}

/**
 * The tutorials' augmentation: a shift by up to a tenth of the image in each
 * direction with the nearest pixels at the border, and a horizontal flip every
 * other time, as Keras's `ImageDataGenerator` has them.
 */
export const shiftAndFlip: Augmentation = {
  place: (random, [height, width]) => ({
    right: (0.2 * random() - 0.1) * width,
    down: (0.2 * random() - 0.1) * height,
    flip: random() < 0.5,
  }),
  fill: "nearest",
};

/**
 * The standard augmentation of residual networks: the image with a border of
 * four pixels of zeros is cropped to its size anywhere, and flipped
 * horizontally every other time (K. He et al., 2015, section 4.2).
 */
export const cropAndFlip: Augmentation = {
  place: (random) => ({
    right: Math.floor(9 * random()) - 4,
    down: Math.floor(9 * random()) - 4,
    flip: random() < 0.5,
  }),
  fill: "zero",
};

/** One axis of a placement: old places and their weights for each new place. */
interface Line {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** The weight of `high`. */
  readonly weight: number;
}

/** Puts images into batches, place by place. */
export class Placer {
  readonly #shape: ImageShape;
  readonly #fill: "nearest" | "zero";
  readonly #mean: Float32Array;
  readonly #scale: Float32Array;
  readonly #rows: Line;
  readonly #columns: Line;

  /** `mean` and `scale` have a value for each value of an image. */
  constructor(
    shape: ImageShape,
    { fill, mean, scale }: {
      readonly fill: "nearest" | "zero";
      readonly mean: Float32Array;
      readonly scale: Float32Array;
    },
  ) {
    const line = (length: number) => ({
      low: new Int32Array(length),
      high: new Int32Array(length),
      weight: 0,
    });
    this.#shape = shape;
    this.#fill = fill;
    this.#mean = mean;
    this.#scale = scale;
    this.#rows = line(shape[0]);
    this.#columns = line(shape[1]);
  }

  /** Old places along one axis; −1 is outside where outside is zero. */
  #fillLine({ low, high }: Line, move: number, flip: boolean): number {
    const length = low.length;
    const whole = Math.floor(-move);
    for (let i = 0; i < length; i++) {
      for (
        const [places, at] of [[low, i + whole], [high, i + whole + 1]] as const
      ) {
        const clamped = Math.min(Math.max(at, 0), length - 1);
        const place = flip ? length - 1 - clamped : clamped;
        places[i] = at === clamped || this.#fill === "nearest" ? place : -1;
      }
    }
    return -move - whole;
  }

  /** Writes an image to its place in a batch, normalized. */
  put(
    { images, from }: { images: Uint8Array; from: number },
    { xs, to }: { xs: Float32Array; to: number },
    { right, down, flip }: Placement,
  ): void {
    const [height, width, channels] = this.#shape;
    const mean = this.#mean;
    const scale = this.#scale;
    const rows = this.#rows;
    const columns = this.#columns;
    const rowWeight = this.#fillLine(rows, down, false);
    const columnWeight = this.#fillLine(columns, right, flip);
    const rowLength = width * channels;
    const linear = rowWeight !== 0 || columnWeight !== 0;
    let p = 0;
    for (let row = 0; row < height; row++) {
      const above = rows.low[row];
      const below = rows.high[row];
      for (let column = 0; column < width; column++) {
        const left = columns.low[column];
        const next = columns.high[column];
        for (let c = 0; c < channels; c++, p++) {
          if (above < 0 || left < 0) {
            xs[to + p] = 0;
            continue;
          }
          const top = from + above * rowLength + c;
          let value = images[top + left * channels];
          if (linear && below >= 0 && next >= 0) {
            const bottom = from + below * rowLength + c;
            value += columnWeight * (images[top + next * channels] - value);
            const lower = images[bottom + left * channels];
            value += rowWeight *
              (lower +
                columnWeight * (images[bottom + next * channels] - lower) -
                value);
          }
          xs[to + p] = (value - mean[p]) * scale[p];
        }
      }
    }
  }
}
