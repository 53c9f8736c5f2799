/** What a PNG file claims, held against what is in it before it is decoded. */

/** What the header says that is needed to know how much data there must be. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly isInterlaced: boolean;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** The chunks that decide over the pixels; the others may hold anything. */
const NEEDED = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
/** Samples of a pixel by color type, and the bits that they may have. */
const COLOR_TYPES = new Map([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
]);
/** Offsets and steps of the seven passes of an interlaced image. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
/** Chunks of a file that are read: encoders make one for 8 KiB and more. */
const MAX_CHUNKS = 100_000;
/** Bytes behind the last row that do no harm. */
const SLACK = 1 << 16;

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

function* chunksOf(bytes: Uint8Array): Iterable<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = SIGNATURE.length; start < bytes.length;) {
    const end = start + 12 <= bytes.length
      ? start + 12 + view.getUint32(start)
      : Infinity;
    if (end > bytes.length) {
      throw new RangeError(`cut off after ${bytes.length} bytes`);
    }
    const name = bytes.subarray(start + 4, start + 8);
    yield { type: String.fromCharCode(...name), start, end };
    start = end;
  }
}

function readHeader(bytes: Uint8Array, first: Chunk | undefined): PngHeader {
  if (first?.type !== "IHDR" || first.end - first.start !== 12 + 13) {
    throw new RangeError("no header at its start");
  }
  const at = bytes.byteOffset + first.start + 8;
  const view = new DataView(bytes.buffer, at, 13);
  const depth = view.getUint8(8);
  const color = COLOR_TYPES.get(view.getUint8(9));
  const isValid = color?.depths.includes(depth) && view.getUint8(10) === 0 &&
    view.getUint8(11) === 0 && view.getUint8(12) <= 1;
  if (!isValid) throw new RangeError("a header that no PNG has");
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    bitsPerPixel: color!.samples * depth,
    isInterlaced: view.getUint8(12) === 1,
  };
}

/** The bytes that the pixels take before they are compressed. */
function rawBytes(
  { width, height, bitsPerPixel, isInterlaced }: PngHeader,
): number {
  const passes = isInterlaced ? PASSES : [[0, 0, 1, 1]] as const;
  return passes.reduce((sum, [x, y, dx, dy]) => {
    const columns = Math.max(0, Math.ceil((width - x) / dx));
    const rows = Math.max(0, Math.ceil((height - y) / dy));
    // Each row begins with a byte that names its filter.
    return sum +
      (columns === 0 ? 0 : rows * (1 + Math.ceil(columns * bitsPerPixel / 8)));
  }, 0);
}

/** Compressed bytes that are inflated at a time, to a thousand times as many. */
const PIECE = 1 << 12;

/** The parts as one, as a stream of as many chunks as a file may have has no end. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function* piecesOf(
  bytes: Uint8Array<ArrayBuffer>,
): Iterable<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    yield bytes.subarray(at, at + PIECE);
  }
}

/** How many bytes the compressed `data` are, counted up to `most`. */
async function inflatedBytes(
  data: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<number> {
  let bytes = 0;
  const inflated = ReadableStream.from(piecesOf(data))
    .pipeThrough(new DecompressionStream("deflate"));
  for await (const chunk of inflated) {
    bytes += chunk.length;
    if (bytes > most) break;
  }
  return bytes;
}

/**
 * The file without what its pixels do not need, such as color profiles and texts,
 * after its header was found to be one that its data bear out.
 *
 * @param maxPixels The most pixels that it may claim.
 * @throws {RangeError} If the file is damaged or claims more; the message says what.
 */
export async function checkedPng(
  bytes: Uint8Array<ArrayBuffer>,
  maxPixels: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new RangeError("no PNG signature");
  }
  const chunks: Chunk[] = [];
  for (const chunk of chunksOf(bytes)) {
    if (NEEDED.has(chunk.type)) chunks.push(chunk);
    if (chunks.length > MAX_CHUNKS) {
      throw new RangeError(`more than ${MAX_CHUNKS} chunks`);
    }
    if (chunk.type === "IEND") break;
  }
  const header = readHeader(bytes, chunks[0]);
  const { width, height } = header;
  if (width === 0 || height === 0 || width * height > maxPixels) {
    throw new RangeError(
      `${width}×${height} pixels, where 1 to ${maxPixels} can be read`,
    );
  }
  if (chunks.at(-1)!.type !== "IEND") throw new RangeError("without an end");
  const expected = rawBytes(header);
  const data = chunks.filter(({ type }) => type === "IDAT")
    .map(({ start, end }) => bytes.subarray(start + 8, end - 4));
  const found = await inflatedBytes(joined(data), expected + SLACK);
  if (found < expected || found > expected + SLACK) {
    throw new RangeError(
      `${found > expected ? "more than " : ""}${
        Math.min(found, expected + SLACK)
      } bytes of pixels instead of ${expected}`,
    );
  }
  return joined([
    bytes.subarray(0, SIGNATURE.length),
    ...chunks.map(({ start, end }) => bytes.subarray(start, end)),
  ]);
}
