import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { readPackageFile } from "../runtime/package_file.ts";
import { fonts, withKnownCharacters } from "./look/fonts.ts";
import { type Chart, specOf } from "./look/grammar.ts";
import { toSvg } from "./to_svg.ts";
import { checkOptions, oneOf, show } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    scale: 0,
    theme: 0,
  } satisfies Record<keyof PngOptions, 0>,
);

/** Options of {@linkcode toPng}. */
export interface PngOptions {
  /**
   * Pixels of the picture for each pixel of the chart; charts are about 800
   * pixels wide.
   *
   * @default {2}
   */
  readonly scale?: number;
  /**
   * The colours.
   *
   * @default {"light"}
   */
  readonly theme?: "light" | "dark";
}

/** The renderer panics where its memory cannot hold the picture. */
const MOST_PIXELS = 1e8;

let started: Promise<void> | undefined;

async function start(): Promise<void> {
  try {
    await initWasm(await readPackageFile("@resvg/resvg-wasm/index_bg.wasm"));
  } catch (error) {
    // Another user of the same module in this process was first.
    if (!String(error).includes("Already initialized")) throw error;
  }
}

/**
 * Draws a chart as PNG, with the bundled font, which has Latin, Greek and Cyrillic
 * letters; in the place of others, and of emoji, a PNG has "?", and an SVG what
 * its viewer has. The same chart gives the same bytes. Needs `--allow-read`.
 *
 * @throws {RangeError} When `scale` is not a positive number, or the picture would
 * have more than 100 million pixels.
 *
 * @example Write a chart of a schedule
 * ```ts
 * import { scheduleChart, toPng } from "@clr/clr/plots";
 *
 * const halved = (iteration: number) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * const png = await toPng(scheduleChart(halved, 5000), { scale: 1 });
 * console.log(png.length > 1000); // true
 * ```
 */
export async function toPng(
  chart: Chart,
  options: PngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkNames("draw a PNG", options, NAMES);
  checkOptions("draw a PNG", options, { theme: oneOf("light", "dark") });
  // Before what is read meanwhile, which would go on.
  specOf(chart);
  const { scale = 2, theme = "light" } = options;
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new RangeError(
      `Cannot draw a PNG as scale must be > 0: current value is ${show(scale)}`,
    );
  }
  const [svg] = await Promise.all([
    toSvg(chart, { theme, embedFont: false }),
    started ??= start(),
  ]);
  const fontBuffers = await fonts(svg);
  const drawable = withKnownCharacters(svg);
  const renderer = new Resvg(drawable, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers,
      defaultFontFamily: "Inter",
      sansSerifFamily: "Inter",
      loadSystemFonts: false,
    },
  });
  const pixels = renderer.width * renderer.height * scale ** 2;
  if (pixels > MOST_PIXELS) {
    renderer.free();
    throw new RangeError(
      `Cannot draw a PNG as it must have at most ${MOST_PIXELS} pixels: current value is ${
        Math.round(pixels)
      }`,
    );
  }
  if (Math.min(renderer.width, renderer.height) * scale < 1) {
    renderer.free();
    throw new RangeError(
      `Cannot draw a PNG as scale must leave a pixel of it: current value is ${scale}`,
    );
  }
  const image = renderer.render();
  const png = new Uint8Array(image.asPng());
  // Not in a finally: after a panic `free` throws too, and would hide why. What
  // is not freed here is freed when it is collected.
  image.free();
  renderer.free();
  return png;
}
