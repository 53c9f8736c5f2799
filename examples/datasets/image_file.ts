import { convertIndexedToRgb, decode as decodePng } from "fast-png";
import { decode as decodeJpeg } from "jpeg-js";
import { checkedPng } from "./_png_file.ts";
import { readOrientation, upright } from "./exif_orientation.ts";
import type { RgbImage } from "./rgb_image.ts";

/** A file is no image that can be read; the message names the file. */
export class ImageFileError extends Error {
  override name = "ImageFileError";
}

/** The most pixels of an image. */
const MAX_PIXELS = 100e6;
/** The most bytes of an image's file. */
const MAX_FILE_BYTES = 2 ** 28;
/** What the decoder may take for an image of as many pixels. */
const MAX_JPEG_MB = 2048;

/** Samples of 1 to 4 channels as RGB; what is transparent shows white. */
function toRgb(
  { width, height, channels }: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
  },
  sample: (index: number) => number,
): RgbImage {
  const pixels = new Uint8Array(width * height * 3);
  const hasColor = channels > 2;
  const hasAlpha = channels % 2 === 0;
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const alpha = hasAlpha ? sample(at + channels - 1) / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = sample(at + (hasColor ? c : 0));
      pixels[i * 3 + c] = Math.round(value * alpha + 255 * (1 - alpha));
    }
  }
  return { width, height, pixels };
}

/**
 * All greys of that many bits, as a palette with alpha: below 8 bits, pixels are
 * packed.
 */
function greys(
  depth: number,
  transparent?: number,
): [number, number, number, number][] {
  const count = 2 ** depth;
  return Array.from({ length: count }, (_, i) => {
    const grey = i / (count - 1) * 255;
    return [grey, grey, grey, i === transparent ? 0 : 255];
  });
}

/** Where the chunk of that type is in a PNG file, with its length and checksum. */
function findChunk(
  bytes: Uint8Array,
  type: string,
): { start: number; end: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 8, end; start + 12 <= bytes.length; start = end) {
    end = start + 12 + view.getUint32(start);
    const name = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (name === type && end <= bytes.length) return { start, end };
  }
}

/**
 * The file without its tRNS chunk, and the grey or color that the chunk makes
 * transparent, sample by sample: the decoder takes an image of fewer pixels than
 * samples for damaged. A palette's chunk stays, as the decoder applies it.
 */
function takeTransparent(
  bytes: Uint8Array,
): { rest: Uint8Array; transparent?: number[] } {
  const [GREY, RGB, colorType] = [0, 2, bytes[25]];
  const chunk = colorType === GREY || colorType === RGB
    ? findChunk(bytes, "tRNS")
    : undefined;
  if (chunk === undefined) return { rest: bytes };
  const { start, end } = chunk;
  const samples = colorType === GREY ? 1 : 3;
  if (end - start !== 12 + 2 * samples) {
    throw new RangeError(`tRNS chunk of ${end - start - 12} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + 8);
  const rest = new Uint8Array(bytes.length - (end - start));
  rest.set(bytes.subarray(0, start));
  rest.set(bytes.subarray(end), start);
  return {
    rest,
    // Only as many bits as a sample has count.
    transparent: Array.from(
      { length: samples },
      (_, i) => view.getUint16(2 * i) & (2 ** bytes[24] - 1),
    ),
  };
}

async function readPng(bytes: Uint8Array<ArrayBuffer>): Promise<RgbImage> {
  const { rest, transparent } = takeTransparent(
    await checkedPng(bytes, MAX_PIXELS),
  );
  const png = decodePng(rest, { checkCrc: true });
  const { width, height, depth, channels, data } = png;
  // Of pixels with colors of their own, a palette is a mere suggestion.
  const palette = channels > 1
    ? undefined
    : png.palette ?? (depth < 8 ? greys(depth, transparent?.[0]) : undefined);
  if (palette) {
    const colors = convertIndexedToRgb({ ...png, palette });
    return toRgb(
      { width, height, channels: palette[0].length },
      (i) => colors[i],
    );
  }
  const most = 2 ** depth - 1;
  if (transparent === undefined) {
    return toRgb({ width, height, channels }, (i) => data[i] / most * 255);
  }
  return toRgb({ width, height, channels: channels + 1 }, (i) => {
    const from = Math.floor(i / (channels + 1)) * channels;
    const channel = i % (channels + 1);
    if (channel < channels) return data[from + channel] / most * 255;
    return transparent.every((value, c) => data[from + c] === value) ? 0 : 255;
  });
}

/** What the decoder gives too, though its types do not say so. */
interface DecodedJpeg {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** The Exif data, from the second of the zeros that end their mark on. */
  readonly exifBuffer?: Uint8Array;
}

/** Pixels that a byte of a JPEG file can stand for: 64 to each bit of a block. */
const JPEG_PIXELS_PER_BYTE = 64 * 8;

/** Throws if the frame that a JPEG file claims is empty, or more than it can hold. */
function checkFrame(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    // Those of frames, but for tables that are numbered among them.
    if ((marker & 0xf0) === 0xc0 && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const height = view.getUint16(at + 5);
      const width = view.getUint16(at + 7);
      const most = Math.min(MAX_PIXELS, JPEG_PIXELS_PER_BYTE * bytes.length);
      if (width * height > 0 && width * height <= most) return;
      throw new RangeError(
        `${width}×${height} pixels, where 1 to ${most} can be read`,
      );
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
}

function readJpeg(bytes: Uint8Array): RgbImage {
  checkFrame(bytes);
  const { width, height, data, exifBuffer }: DecodedJpeg = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: MAX_JPEG_MB,
  });
  const image = { width, height, pixels: data };
  return exifBuffer
    ? upright(image, readOrientation(exifBuffer.subarray(1)))
    : image;
}

/** The file's bytes, as far as they are no more than a file of an image has. */
async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  if ((await file.stat()).isDirectory) {
    throw new ImageFileError(
      `Cannot read ${path} as it must be a PNG or JPEG image: current value is a folder`,
    );
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  while (bytes <= MAX_FILE_BYTES) {
    const chunk = new Uint8Array(1 << 20);
    const read = await file.read(chunk);
    if (read === null) {
      return new Uint8Array(await new Blob(chunks).arrayBuffer());
    }
    bytes += read;
    chunks.push(chunk.subarray(0, read));
  }
  throw new ImageFileError(
    `Cannot read ${path} as it must have at most ${MAX_FILE_BYTES} bytes: current value is more`,
  );
}

/**
 * Reads a PNG or JPEG file, the latter as its Exif data say that it is to be seen:
 * of at most 100 megapixels, in a file of at most 256 MiB, a PNG of at most 100,000
 * chunks.
 *
 * @throws {ImageFileError} If the file is neither, is damaged or is larger.
 */
export async function readImageFile(path: string): Promise<RgbImage> {
  const bytes = await readBytes(path);
  const starts = (...magic: number[]) =>
    magic.every((byte, i) => bytes[i] === byte);
  const read = starts(0x89, 0x50, 0x4e, 0x47)
    ? readPng
    : starts(0xff, 0xd8)
    ? readJpeg
    : undefined;
  if (read === undefined) {
    throw new ImageFileError(
      `Cannot read ${path} as it must be a PNG or JPEG image: current value is a file of ${bytes.length} bytes that is neither`,
    );
  }
  try {
    return await read(bytes);
  } catch (cause) {
    throw new ImageFileError(
      `Cannot read ${path} as it must be a whole image: current value is a damaged file (${
        (cause as Error).message
      })`,
      { cause },
    );
  }
}

/**
 * The middle of the image, of the asked proportions, at the asked size: each
 * pixel is the mean of what it covers.
 */
export function fitImage(
  image: RgbImage,
  width: number,
  height: number,
): RgbImage {
  const scale = Math.min(image.width / width, image.height / height);
  const left = (image.width - width * scale) / 2;
  const top = (image.height - height * scale) / 2;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const rows = covered(top + y * scale, scale, image.height);
    for (let x = 0; x < width; x++) {
      const columns = covered(left + x * scale, scale, image.width);
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        let area = 0;
        for (const [row, rowShare] of rows) {
          for (const [column, columnShare] of columns) {
            const share = rowShare * columnShare;
            sum += share * image.pixels[(row * image.width + column) * 3 + c];
            area += share;
          }
        }
        pixels[(y * width + x) * 3 + c] = Math.round(sum / area);
      }
    }
  }
  return { width, height, pixels };
}

/** The pixels from `start` on over `length`, and how much of each. */
function covered(
  start: number,
  length: number,
  limit: number,
): [index: number, share: number][] {
  const found: [number, number][] = [];
  for (
    let i = Math.max(0, Math.floor(start));
    i < Math.min(limit, start + length);
    i++
  ) {
    const share = Math.min(i + 1, start + length) - Math.max(i, start);
    if (share > 1e-9) found.push([i, share]);
  }
  return found;
}
