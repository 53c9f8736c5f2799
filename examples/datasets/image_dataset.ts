/**
 * What every data set of the examples looks like once it is in memory, whatever
 * files it came from.
 */

/** The images of one part of a data set, held once, as bytes. */
export interface ImageSplit {
  /** Pixels 0–255 in NHWC order: image, row, column, channel. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** One class index for each image. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** How many images there are. */
  readonly count: number;
}

/** Height, width and channels of an image. */
export type ImageShape = readonly [
  height: number,
  width: number,
  channels: number,
];

/** A data set of labelled images with its origin. */
export interface ImageDataset {
  /** The data set's own name, such as "CIFAR-10". */
  readonly name: string;
  /** Where the images come from: "synthetic", "downloaded" or "folder DIR". */
  readonly origin: string;
  /** Anything about the origin that a reader of a result must know. */
  readonly originNote?: string;
  /** The names of the classes by label. */
  readonly classNames: readonly string[];
  /** Height, width and channels of each image. */
  readonly shape: ImageShape;
  /** The images to train on. */
  readonly train: ImageSplit;
  /** The images to test on. */
  readonly test: ImageSplit;
}

/**
 * A data set cannot be had: a file is missing or damaged, or a download failed.
 * The message says which and what was found, and is meant for a person.
 */
export class DatasetError extends Error {
  override name = "DatasetError";
}

/** The number of values in one image. */
export function imageSize([height, width, channels]: ImageShape): number {
  return height * width * channels;
}
