import { inflateSync } from "node:zlib";

/** A decoded picture: 8-bit red, green, blue and opacity by pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** The colour at (x, y) as `#rrggbb`. */
  at(x: number, y: number): string;
  /** How many pixels of the box have the colour. */
  count(
    color: string,
    box: readonly [left: number, top: number, right: number, bottom: number],
  ): number;
}

/** Reads a PNG of 8-bit RGB or RGBA by the published format (RFC 2083). */
export function decodePng(file: Uint8Array): Picture {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const width = view.getUint32(16), height = view.getUint32(20);
  const channels = { 2: 3, 6: 4 }[view.getUint8(25)]!;
  const parts: Uint8Array[] = [];
  for (let at = 8; at < file.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const packed = new Uint8Array(inflateSync(
    parts.length === 1 ? parts[0] : Uint8Array.from(
      parts.flatMap((part) => [...part]),
    ),
  ));
  const row = width * channels;
  const pixels = new Uint8Array(height * row);
  for (let y = 0; y < height; y++) {
    const filter = packed[y * (row + 1)];
    for (let i = 0; i < row; i++) {
      const left = i >= channels ? pixels[y * row + i - channels] : 0;
      const up = y > 0 ? pixels[(y - 1) * row + i] : 0;
      const corner = y > 0 && i >= channels
        ? pixels[(y - 1) * row + i - channels]
        : 0;
      const guess = left + up - corner;
      const [a, b, c] = [left, up, corner].map((v) => Math.abs(guess - v));
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const predicted = [0, left, up, (left + up) >> 1, paeth][filter];
      pixels[y * row + i] = packed[y * (row + 1) + 1 + i] + predicted;
    }
  }
  return {
    width,
    height,
    at(x, y) {
      const start = y * row + x * channels;
      return "#" +
        Array.from(
          pixels.subarray(start, start + 3),
          (v) => v.toString(16).padStart(2, "0"),
        ).join("");
    },
    count(color, [left, top, right, bottom]) {
      const [red, green, blue] = [1, 3, 5].map((i) =>
        parseInt(color.slice(i, i + 2), 16)
      );
      let found = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const i = y * row + x * channels;
          if (
            pixels[i] === red && pixels[i + 1] === green &&
            pixels[i + 2] === blue
          ) found++;
        }
      }
      return found;
    },
  };
}
