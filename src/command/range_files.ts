import { join } from "@std/path";
import type { LearningRateRange } from "../finder/mod.ts";
import { writeFile } from "../runtime/write_file.ts";
import {
  checkData,
  flag,
  optional,
  record,
  text,
} from "../runtime/check_data.ts";
import { checkFolder, checkKind } from "../runtime/check_given.ts";
import { checkJson } from "../runtime/check_json.ts";
import { isRecord } from "../runtime/records.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    name: 0,
    origin: 0,
    plots: 0,
    details: 0,
  } satisfies Record<keyof RangeFilesOptions, 0>,
);

const ACTION = "write the files of a range";
/** What follows the name of a range's files in those of its pictures. */
const PICTURES = [".svg", ".png", "_grid.svg", "_grid.png"];

const OPTIONS = record({
  name: optional(text),
  origin: text,
  plots: optional(flag),
  details: optional(record({})),
});

/** Options of {@linkcode writeRangeFiles}. */
export interface RangeFilesOptions {
  /** The name of the files, without what tells their kinds. @default {"lr_range"} */
  readonly name?: string;
  /** Said under the picture: the model, the data, what computed. */
  readonly origin: string;
  /** Whether to write pictures. @default {true} */
  readonly plots?: boolean;
  /** Put into `lr_range.json` beside the result, as `origin`. */
  readonly details?: { readonly [name: string]: unknown };
}

/**
 * Writes what a range test found into a folder: `lr_range.json` (which
 * `LearningRateRange.fromJSON` reads) and `lr_range.csv`, and `lr_range.svg` and
 * `lr_range.png` where the range has a curve, with `lr_range_grid.svg` and `.png`
 * of a grid of hyperparameters. Pictures of that name which are not written anew are
 * removed: they are of an earlier test.
 *
 * @param folder Where they go; it is made.
 * @param range What `findLearningRate` gave.
 * @param options Their name, and what is said of them.
 * @returns The names of the files.
 * @throws {TypeError} If `range` is none, or an option of another kind.
 * @throws What the file system throws.
 *
 * @example
 * ```ts
 * import { LearningRateRange } from "@clr/clr";
 * import { writeRangeFiles } from "@clr/clr/command";
 *
 * const rates = Array.from({ length: 80 }, (_, i) => 1e-5 * 10 ** (i / 20));
 * const losses = rates.map((rate) =>
 *   2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
 * );
 * const range = LearningRateRange.fromCurve(rates, losses);
 * const folder = await Deno.makeTempDir();
 * const files = await writeRangeFiles(folder, range, { origin: "a formula" });
 * console.log(files); // lr_range.json, lr_range.csv, lr_range.svg, lr_range.png
 * ```
 */
export async function writeRangeFiles(
  folder: string,
  range: LearningRateRange,
  options: RangeFilesOptions,
): Promise<string[]> {
  checkFolder(ACTION, folder);
  checkKind(
    ACTION,
    { name: "range", value: range, must: "a LearningRateRange" },
    isRecord(range) && typeof range.toJSON === "function" &&
      typeof range.toCSV === "function",
  );
  checkNames(ACTION, options, NAMES);
  checkData(ACTION, options, OPTIONS);
  checkJson(ACTION, { details: options.details });
  const { name = "lr_range", origin, plots = true, details } = options;
  const data = { ...range.toJSON(), ...(details && { origin: details }) };
  const files: [string, string | Uint8Array][] = [
    [`${name}.json`, JSON.stringify(data, null, 2)],
    [`${name}.csv`, range.toCSV()],
  ];
  if (plots && range.learningRates.length >= 2) {
    // Only here, as they take longer to load than all the rest of a command.
    const { gridChart, rangeChart, toPng, toSvg } = await import(
      "../plots/mod.ts"
    );
    const chart = rangeChart(range, { origin });
    files.push([`${name}.svg`, await toSvg(chart)]);
    files.push([`${name}.png`, await toPng(chart)]);
    if (range.grid) {
      const grid = gridChart(range, { origin });
      files.push([`${name}_grid.svg`, await toSvg(grid)]);
      files.push([`${name}_grid.png`, await toPng(grid)]);
    }
  }
  for (const picture of PICTURES) {
    const path = `${name}${picture}`;
    if (!files.some(([name]) => name === path)) {
      await removeIfThere(join(folder, path));
    }
  }
  for (const [name, content] of files) {
    await writeFile(join(folder, name), content);
  }
  return files.map(([name]) => name);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
