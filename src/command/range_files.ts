import { join } from "@std/path";
import type { LearningRateRange } from "../finder/mod.ts";
import { writeFile } from "../runtime/write_file.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    name: 0,
    origin: 0,
    plots: 0,
    details: 0,
  } satisfies Record<keyof RangeFilesOptions, 0>,
);

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
 * of a grid of hyperparameters.
 *
 * @returns The names of the files.
 * @throws What the file system throws.
 */
export async function writeRangeFiles(
  folder: string,
  range: LearningRateRange,
  options: RangeFilesOptions,
): Promise<string[]> {
  checkNames("write the files of a range", options, NAMES);
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
  for (const [name, content] of files) {
    await writeFile(join(folder, name), content);
  }
  return files.map(([name]) => name);
}
