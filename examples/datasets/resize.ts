import type { ImageDataset, ImageSplit } from "./image_dataset.ts";

/** For each place of the new line: the two old places around it and the second's weight. */
function taps(from: number, to: number) {
  return Array.from({ length: to }, (_, i) => {
    // Pixels are areas: it is their centres that correspond.
    const at = Math.min(Math.max((i + 0.5) * from / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), weight: at - low };
  });
}

/**
 * The data set with its images at another size, interpolated linearly and
 * rounded to bytes again, as OpenCV's `resize` does it.
 */
export function resizeImages(
  dataset: ImageDataset,
  height: number,
  width: number,
): ImageDataset {
  const [oldHeight, oldWidth, channels] = dataset.shape;
  const rows = taps(oldHeight, height);
  const columns = taps(oldWidth, width);
  const resize = ({ images, labels, count }: ImageSplit): ImageSplit => {
    const resized = new Uint8Array(count * height * width * channels);
    let to = 0;
    for (let image = 0; image < count; image++) {
      const start = image * oldHeight * oldWidth * channels;
      for (const row of rows) {
        const above = start + row.low * oldWidth * channels;
        const below = start + row.high * oldWidth * channels;
        for (const { low, high, weight } of columns) {
          for (let c = 0; c < channels; c++) {
            const left = low * channels + c;
            const right = high * channels + c;
            const top = images[above + left] +
              weight * (images[above + right] - images[above + left]);
            const bottom = images[below + left] +
              weight * (images[below + right] - images[below + left]);
            resized[to++] = top + row.weight * (bottom - top) + 0.5;
          }
        }
      }
    }
    return { images: resized, labels, count };
  };
  return {
    ...dataset,
    shape: [height, width, channels],
    train: resize(dataset.train),
    test: resize(dataset.test),
  };
}
