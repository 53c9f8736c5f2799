import type { RgbImage } from "./rgb_image.ts";

const ORIENTATION = 0x0112;

/**
 * How the camera was held, from the Exif data of a photo (a TIFF header and its
 * first directory): 1 to 8 as the standard numbers it, and 1, upright, where they
 * do not say or cannot be read, as viewers have it.
 *
 * Source: Exif 2.32 (CIPA DC-008), tag 274.
 */
export function readOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const has = (end: number) => end <= tiff.length;
  if (!has(8)) return 1;
  const byteOrder = view.getUint16(0);
  // "II" is little-endian, "MM" big-endian.
  if (byteOrder !== 0x4949 && byteOrder !== 0x4d4d) return 1;
  const little = byteOrder === 0x4949;
  const directory = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || !has(directory + 2)) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (!has(entry + 12)) return 1;
    if (view.getUint16(entry, little) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The image as it is to be seen, of one that is stored in that orientation. */
export function upright(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const { width, height, pixels } = image;
  // From 5 on, what is stored as rows are columns to the eye.
  const turned = orientation > 4;
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const seen = {
    width: turned ? height : width,
    height: turned ? width : height,
    pixels: new Uint8Array(pixels.length),
  };
  for (let y = 0; y < seen.height; y++) {
    for (let x = 0; x < seen.width; x++) {
      const [column, row] = turned ? [y, x] : [x, y];
      const from = 3 * (
        (fromBottom ? height - 1 - row : row) * width +
        (fromRight ? width - 1 - column : column)
      );
      seen.pixels.set(
        pixels.subarray(from, from + 3),
        3 * (y * seen.width + x),
      );
    }
  }
  return seen;
}
