import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import {
  fitImage,
  ImageFileError,
  readImageFile,
} from "../../../examples/datasets/image_file.ts";
import type { RgbImage } from "../../../examples/datasets/rgb_image.ts";

async function read(bytes: Uint8Array) {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "image");
    await Deno.writeFile(path, bytes);
    return await readImageFile(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readImageFile() reads PNGs of 1 to 4 channels and 8 or 16 bits", async () => {
  const encode = (channels: number, data: number[], depth: 8 | 16 = 8) =>
    encodePng({
      width: 2,
      height: 1,
      channels,
      depth,
      data: depth === 8 ? Uint8Array.from(data) : Uint16Array.from(data),
    });
  const cases: [Uint8Array, number[]][] = [
    [encode(1, [10, 200]), [10, 10, 10, 200, 200, 200]],
    [encode(2, [10, 255, 100, 0]), [10, 10, 10, 255, 255, 255]],
    [encode(3, [1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]],
    [encode(4, [1, 2, 3, 255, 0, 0, 0, 51]), [1, 2, 3, 204, 204, 204]],
    [encode(1, [0, 65535], 16), [0, 0, 0, 255, 255, 255]],
  ];
  for (const [bytes, expected] of cases) {
    const { width, height, pixels } = await read(bytes);
    assertEquals([width, height], [2, 1]);
    assertEquals([...pixels], expected);
  }
});

/** The checksum of a PNG chunk. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** A PNG of rows as they are stored: 0 = greys, 2 = RGB, 3 = indices of a palette. */
async function storedPng(
  { colorType, depth, width }: {
    readonly colorType: 0 | 2 | 3;
    readonly depth: number;
    readonly width: number;
  },
  rows: number[][],
  { palette, transparent }: { palette?: number[]; transparent?: number[] } = {},
): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, rows.length);
  header.set([depth, colorType], 8);
  const deflated = new Blob([
    Uint8Array.from(rows.flatMap((row) => [0, ...row])),
  ]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(deflated).arrayBuffer());
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", header),
    ...(palette ? chunk("PLTE", Uint8Array.from(palette)) : []),
    ...(transparent ? chunk("tRNS", Uint8Array.from(transparent)) : []),
    ...chunk("IDAT", data),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

Deno.test("readImageFile() reads PNGs with a palette or packed greys", async () => {
  const rows = [[0b00_01_10_00], [0b10_10_00_00]];
  const palette = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const indexed = await storedPng({ colorType: 3, depth: 2, width: 3 }, rows, {
    palette,
  });
  assertEquals([...(await read(indexed)).pixels], [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9],
    ...[7, 8, 9, 7, 8, 9, 1, 2, 3],
  ]);
  const packed = await storedPng({ colorType: 0, depth: 1, width: 3 }, [[
    0b101_00000,
  ]]);
  assertEquals([...(await read(packed)).pixels], [
    ...[255, 255, 255, 0, 0, 0, 255, 255, 255],
  ]);
});

Deno.test("readImageFile() shows the transparent grey or color of a PNG white", async () => {
  const cases: [Promise<Uint8Array>, number[]][] = [
    [
      storedPng({ colorType: 0, depth: 8, width: 3 }, [[10, 20, 30]], {
        transparent: [0, 20],
      }),
      [10, 10, 10, 255, 255, 255, 30, 30, 30],
    ],
    // Fewer pixels than samples.
    [
      storedPng({ colorType: 2, depth: 8, width: 2 }, [[1, 2, 3, 1, 2, 4]], {
        transparent: [0, 1, 0, 2, 0, 3],
      }),
      [255, 255, 255, 1, 2, 4],
    ],
    [
      storedPng({ colorType: 0, depth: 2, width: 4 }, [[0b00_01_10_11]], {
        transparent: [0, 1],
      }),
      [0, 0, 0, 255, 255, 255, 170, 170, 170, 255, 255, 255],
    ],
    // The same in 8 bits, but not in 16.
    [
      storedPng({ colorType: 0, depth: 16, width: 2 }, [[
        0x33,
        0x33,
        0x33,
        0x34,
      ]], {
        transparent: [0x33, 0x33],
      }),
      [255, 255, 255, 51, 51, 51],
    ],
    [
      storedPng({ colorType: 3, depth: 8, width: 2 }, [[0, 1]], {
        palette: [1, 2, 3, 4, 5, 6],
        transparent: [0],
      }),
      [255, 255, 255, 4, 5, 6],
    ],
  ];
  for (const [bytes, expected] of cases) {
    assertEquals([...(await read(await bytes)).pixels], expected);
  }
});

Deno.test("readImageFile() takes the palette of an RGB PNG for the suggestion that it is", async () => {
  const bytes = await storedPng({ colorType: 2, depth: 8, width: 1 }, [[
    7,
    8,
    9,
  ]], { palette: [1, 2, 3] });
  assertEquals([...(await read(bytes)).pixels], [7, 8, 9]);
});

Deno.test("readImageFile() refuses a PNG whose transparency is of another length", async () => {
  const bytes = await storedPng({ colorType: 0, depth: 8, width: 1 }, [[7]], {
    transparent: [0, 7, 0],
  });
  await assertRejects(
    () => read(bytes),
    ImageFileError,
    "damaged file (tRNS chunk of 3 bytes)",
  );
});

Deno.test("readImageFile() reads JPEGs", async () => {
  const color = [200, 100, 50, 255];
  const data = Uint8Array.from({ length: 16 * 8 * 4 }, (_, i) => color[i % 4]);
  const { width, height, pixels } = await read(
    encodeJpeg({ width: 16, height: 8, data }, 95).data,
  );
  assertEquals([width, height, pixels.length], [16, 8, 16 * 8 * 3]);
  assert(pixels.every((value, i) => Math.abs(value - color[i % 3]) <= 3));
});

/** Exif data of one directory, behind the mark that a JPEG has before them. */
function exif(
  entries: [tag: number, value: number][],
  little: boolean,
): Uint8Array {
  const bytes = new Uint8Array(6 + 8 + 2 + 12 * entries.length + 4);
  bytes.set(new TextEncoder().encode(little ? "Exif\0\0II" : "Exif\0\0MM"));
  const view = new DataView(bytes.buffer, 6);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, entries.length, little);
  entries.forEach(([tag, value], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, value, little);
  });
  return bytes;
}

const [RED, GREEN, BLUE, GREY] = [
  [220, 20, 30],
  [20, 200, 40],
  [10, 30, 210],
  [128, 128, 128],
];

/**
 * A JPEG of 32×16 whose stored corners are red (first row, first column), green
 * (first row, last column), blue (last row, first column) and grey.
 */
function cornersJpeg(exifBuffer?: Uint8Array): Uint8Array {
  const [width, height] = [32, 16];
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
    const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
    const [left, right] = y < 8 ? [RED, GREEN] : [BLUE, GREY];
    return [...x < 16 ? left : right, 255][i & 3];
  });
  // The encoder writes Exif data, though its types do not say so.
  const image = { width, height, data, exifBuffer };
  return encodeJpeg(image, 95).data;
}

/** Of an image, the colors top left, top right, bottom left and bottom right. */
function corners({ width, height, pixels }: RgbImage): string[] {
  return [[0, 0], [1, 0], [0, 1], [1, 1]].map(([right, bottom]) => {
    const at = 3 * (bottom * (height - 1) * width + right * (width - 1));
    const distance = (color: number[]) =>
      Math.hypot(...color.map((value, c) => value - pixels[at + c]));
    const [nearest] = Object.entries({ RED, GREEN, BLUE, GREY })
      .sort(([, a], [, b]) => distance(a) - distance(b));
    return nearest[0];
  });
}

// Where the standard says that the stored first row and first column are seen.
const SEEN = [
  ["top", "left"],
  ["top", "right"],
  ["bottom", "right"],
  ["bottom", "left"],
  ["left", "top"],
  ["right", "top"],
  ["right", "bottom"],
  ["left", "bottom"],
];
const OPPOSITE: Record<string, string> = {
  ...{ top: "bottom", bottom: "top", left: "right", right: "left" },
};

for (const [i, [row, column]] of SEEN.entries()) {
  Deno.test(`readImageFile() reads a JPEG whose first row is seen at the ${row} and first column at the ${column}`, async () => {
    const where = {
      RED: [row, column],
      GREEN: [row, OPPOSITE[column]],
      BLUE: [OPPOSITE[row], column],
      GREY: [OPPOSITE[row], OPPOSITE[column]],
    };
    const expected = [
      ["top", "left"],
      ["top", "right"],
      ["bottom", "left"],
      ["bottom", "right"],
    ].map((corner) =>
      Object.entries(where).find(([, sides]) =>
        corner.every((side) => sides.includes(side))
      )![0]
    );
    for (const little of [true, false]) {
      const image = await read(
        cornersJpeg(exif([[0x010f, 7], [0x0112, i + 1]], little)),
      );
      assertEquals(corners(image), expected);
      assertEquals(
        [image.width, image.height],
        row === "top" || row === "bottom" ? [32, 16] : [16, 32],
      );
    }
  });
}

Deno.test("readImageFile() takes a JPEG for upright where its Exif data do not say", async () => {
  const whole = exif([[0x0112, 6]], true);
  const elsewhere = whole.slice();
  elsewhere[6 + 4] = 255;
  for (
    const buffer of [
      undefined,
      exif([], true),
      exif([[0x0112, 0]], true),
      exif([[0x0112, 9]], false),
      whole.subarray(0, 6),
      whole.subarray(0, 18),
      elsewhere,
      new TextEncoder().encode("Exif\0\0??12345678"),
    ]
  ) {
    const image = await read(cornersJpeg(buffer));
    assertEquals(corners(image), ["RED", "GREEN", "BLUE", "GREY"]);
  }
});

Deno.test("readImageFile() refuses other and damaged files", async () => {
  await assertRejects(
    () => read(new TextEncoder().encode("GIF89a")),
    ImageFileError,
    "it must be a PNG or JPEG image: current value is a file of 6 bytes",
  );
  await assertRejects(
    () => read(Uint8Array.of(0xff, 0xd8, 1, 2, 3)),
    ImageFileError,
    "it must be a whole image",
  );
});

Deno.test("fitImage() keeps an image of the right size as it is", () => {
  const pixels = Uint8Array.from({ length: 3 * 5 * 3 }, (_, i) => i * 5);
  assertEquals(fitImage({ width: 5, height: 3, pixels }, 5, 3).pixels, pixels);
});

Deno.test("fitImage() averages what a pixel covers", () => {
  const grey = (values: number[]) => values.flatMap((v) => [v, v, v]);
  const image = {
    width: 4,
    height: 2,
    pixels: Uint8Array.from(grey([0, 10, 100, 110, 20, 30, 120, 130])),
  };
  assertEquals([...fitImage(image, 2, 1).pixels], grey([15, 115]));
  const third = { width: 3, height: 3, pixels: new Uint8Array(27) };
  third.pixels.set(grey([0, 90, 90]), 0);
  third.pixels.set(grey([0, 90, 90]), 9);
  third.pixels.set(grey([0, 90, 90]), 18);
  // Each of two pixels covers one and a half: 2/3 of 0 and 1/3 of 90, then 90.
  assertEquals([...fitImage(third, 2, 2).pixels], grey([30, 90, 30, 90]));
});

Deno.test("fitImage() crops the middle and enlarges", () => {
  const grey = (values: number[]) => values.flatMap((v) => [v, v, v]);
  const wide = {
    width: 4,
    height: 1,
    pixels: Uint8Array.from(grey([1, 50, 50, 1])),
  };
  assertEquals([...fitImage(wide, 2, 1).pixels], grey([50, 50]));
  assertEquals(
    [
      ...fitImage({ width: 1, height: 1, pixels: Uint8Array.of(7, 8, 9) }, 2, 2)
        .pixels,
    ],
    [7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9],
  );
});

/** A PNG whose header claims what it likes, around `data` compressed. */
async function claimingPng(
  [width, height]: readonly [number, number],
  data: Uint8Array<ArrayBuffer>,
  { others = [], interlaced = false }: {
    readonly others?: readonly Uint8Array[];
    readonly interlaced?: boolean;
  } = {},
): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, interlaced ? 1 : 0], 8);
  return concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...others,
    chunk("IDAT", await deflate(data)),
    chunk("IEND", new Uint8Array()),
  ]);
}

async function deflate(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([data]).stream()
    .pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

Deno.test("readImageFile() refuses a PNG that claims more than it holds, or holds more, at once", async () => {
  const claims: [string, readonly [number, number], number][] = [
    ["0×0 pixels", [0, 0], 1],
    ["0×5 pixels", [0, 5], 0],
    ["2147483647×1 pixels", [2 ** 31 - 1, 1], 1],
    ["65535×65535 pixels", [65535, 65535], 1000],
    ["1 bytes of pixels instead of 10", [3, 1], 1],
    ["29 bytes of pixels instead of 30", [3, 3], 29],
    ["more than ", [1, 1], 20_000_000],
  ];
  for (const [message, size, length] of claims) {
    const png = await claimingPng(size, new Uint8Array(length));
    await assertRejects(() => read(png), ImageFileError, message);
  }
  // What does not decide over the pixels is not even unpacked.
  const bomb = concat([
    new TextEncoder().encode("x\0\0"),
    await deflate(new Uint8Array(20_000_000)),
  ]);
  const image = await read(
    await claimingPng([1, 1], Uint8Array.of(0, 1, 2, 3), {
      others: [chunk("iCCP", bomb), chunk("zTXt", bomb)],
    }),
  );
  assertEquals([...image.pixels], [1, 2, 3]);
});

Deno.test("readImageFile() refuses a PNG with any byte of its pixels changed, or cut off", async () => {
  const png = await claimingPng(
    [3, 2],
    Uint8Array.from({ length: 20 }, (_, i) => i % 10 === 0 ? 0 : i),
  );
  for (let at = 8; at < png.length; at++) {
    const changed = png.slice();
    changed[at] ^= 16;
    await assertRejects(() => read(changed), ImageFileError);
    await assertRejects(() => read(png.subarray(0, at)), ImageFileError);
  }
});

Deno.test("readImageFile() refuses a JPEG that is cut off, empty or claims more than it can hold", async () => {
  const jpeg = encodeJpeg({
    width: 40,
    height: 40,
    data: Uint8Array.from({ length: 6400 }, (_, i) => i * 7),
  }, 90).data as Uint8Array;
  assertEquals((await read(jpeg)).width, 40);
  const frame = jpeg.findIndex((byte, i) =>
    byte === 0xff && jpeg[i + 1] === 0xc0
  );
  for (const size of [[0, 40], [40, 0], [65500, 65500], [3000, 3000]]) {
    const claiming = jpeg.slice();
    new DataView(claiming.buffer).setUint16(frame + 5, size[1]);
    new DataView(claiming.buffer).setUint16(frame + 7, size[0]);
    await assertRejects(
      () => read(claiming),
      ImageFileError,
      `${size[0]}×${size[1]} pixels`,
    );
  }
  for (const share of [0.3, 0.6, 0.9]) {
    await assertRejects(
      () => read(jpeg.subarray(0, Math.floor(share * jpeg.length))),
      ImageFileError,
    );
  }
});

Deno.test("readImageFile() refuses interlaced PNGs that claim 2^31 pixels in one row or column", async () => {
  for (const size of [[1, 2 ** 31 - 1], [2 ** 31 - 1, 1]] as const) {
    const png = await claimingPng(size, new Uint8Array(4), {
      interlaced: true,
    });
    await assertRejects(
      () => read(png),
      ImageFileError,
      `${size[0]}×${size[1]} pixels`,
    );
  }
});

Deno.test("readImageFile() passes over huge texts and the further frames of an APNG", async () => {
  const frame = new Uint8Array(26);
  new DataView(frame.buffer).setUint32(4, 2 ** 31 - 1);
  const text = new Uint8Array(5_000_000).fill(65);
  text[1] = 0;
  const frames = new Uint8Array(8);
  new DataView(frames.buffer).setUint32(0, 2 ** 31 - 1);
  const image = await read(
    await claimingPng([1, 1], Uint8Array.of(0, 1, 2, 3), {
      others: [
        ...["tEXt", "iTXt", "eXIf"].map((type) => chunk(type, text)),
        chunk("acTL", frames),
        ...Array.from({ length: 1000 }, () => chunk("fcTL", frame)),
      ],
    }),
  );
  assertEquals([...image.pixels], [1, 2, 3]);
});

Deno.test("readImageFile() refuses a PNG of a chunk for every few bytes, and a chunk that claims 2 GiB", async () => {
  const idat = chunk("IDAT", new Uint8Array());
  const many = new Uint8Array(100_001 * idat.length);
  for (let at = 0; at < many.length; at += idat.length) many.set(idat, at);
  const pixels = Uint8Array.of(0, 1, 2, 3);
  await assertRejects(
    async () => read(await claimingPng([1, 1], pixels, { others: [many] })),
    ImageFileError,
    "more than 100000 chunks",
  );
  const long = idat.slice();
  new DataView(long.buffer).setUint32(0, 2 ** 31 - 1);
  await assertRejects(
    async () => read(await claimingPng([1, 1], pixels, { others: [long] })),
    ImageFileError,
    "cut off after",
  );
});

Deno.test("readImageFile() refuses a JPEG of a few bytes that claims 65535×65535 pixels", async () => {
  const claim = [8, 255, 255, 255, 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  const scan = [0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0, 1, 2];
  for (const frame of [0xc0, 0xc1, 0xc2]) {
    for (const rest of [[], scan]) {
      const bytes = [0xff, 0xd8, 0xff, frame, 0, 17, ...claim, ...rest];
      const error = await assertRejects(
        () => read(Uint8Array.of(...bytes, 0xff, 0xd9)),
        ImageFileError,
        "65535×65535 pixels",
      );
      assertEquals(error.message.split("\n").length, 1);
    }
  }
});
