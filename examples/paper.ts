/**
 * The experiments of L. N. Smith, "Cyclical Learning Rates for Training Neural
 * Networks" (arXiv 1506.01186), and of the tutorials after it, row by row:
 *
 * ```sh
 * deno task paper --list
 * deno task paper --row table1 --scale 0.02 --seeds 2
 * deno task paper --report
 * ```
 *
 * A finished run is a JSON file in `--out` and is not run again; one that was
 * interrupted goes on where it was. `--help` lists the flags.
 *
 * @module
 */

import { selectBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  Interrupt,
  lockFolder,
  runCommand,
  stoppedStatus,
  TENSORBOARD_FLAGS,
  UsageError,
} from "@clr/clr/command";
import { CheckpointError } from "@clr/clr/training";
import { DatasetError } from "./datasets/image_dataset.ts";
import type { RowDataset } from "./paper/batches.ts";
import { type DatasetName, DATASETS } from "./paper/datasets.ts";
import { MODELS } from "./paper/models.ts";
import { describeRate } from "./paper/rate.ts";
import { meanAndSpread, readResult, writeReport } from "./paper/report.ts";
import { familyOf, ROWS, selectRows, titleOf } from "./paper/rows.ts";
import type { RowResult } from "./paper/row_result.ts";
import { runName } from "./paper/run_name.ts";
import { runRow, scaledIterations } from "./paper/run_row.ts";
import { DEVICE_FLAGS, WHOLE_DATA_FLAGS } from "./training/flags.ts";
import { paragraph } from "./training/paragraph.ts";

/** The flags of this program. */
export const FLAGS = {
  list: { kind: "switch", help: "list every row" },
  row: {
    kind: "text",
    value: "ID,...",
    help: "the rows to run: ids, or beginnings such as table1",
  },
  report: {
    kind: "switch",
    help: "write report.md and its charts from the results in --out",
  },
  scale: {
    kind: "number",
    above: 0,
    max: 1,
    default: 1,
    help: "iterations and step sizes are multiplied by this",
  },
  seeds: {
    kind: "integer",
    min: 1,
    default: 1,
    help: "runs of each row, with the seeds from --seed on",
  },
  model: {
    kind: "choice",
    choices: Object.keys(MODELS),
    help: "another network in place of the row's, said in the results",
  },
  data: WHOLE_DATA_FLAGS.data,
  "data-note": {
    kind: "text",
    value: "TEXT",
    help: "what to say of the images in the results, such as a lossy copy",
  },
  "train-images": WHOLE_DATA_FLAGS["train-images"],
  "test-images": WHOLE_DATA_FLAGS["test-images"],
  "test-every": {
    kind: "integer",
    min: 1,
    help: "iterations from test to test (default: ten tests a row)",
  },
  "curve-images": {
    kind: "integer",
    min: 1,
    help:
      "test images on the way, the same each time; all at the end (default: all)",
  },
  ...DEVICE_FLAGS,
  ...TENSORBOARD_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    default: "output/paper",
    help: "folder of the results",
  },
} as const;

/** The table of `--list`, within 80 columns. */
export function listRows(): string {
  const lines: string[] = [];
  let heading = "";
  for (const row of ROWS) {
    const title = titleOf(familyOf(row.id));
    const data = row.dataset === "imagenet"
      ? `${row.model}, needs ImageNet`
      : `${row.model}, ${row.dataset}`;
    if (heading !== `${title}: ${data}`) {
      heading = `${title}: ${data}`;
      lines.push("", heading);
    }
    const published = row.published === undefined
      ? "no figure"
      : `${row.published} %`;
    lines.push(
      `  ${row.id.padEnd(33)} ${published.padStart(9)} after ${
        String(row.iterations).padStart(6)
      } iterations`,
    );
    const details = describeRate(row.rate).split("; ");
    if (row.where !== title) details.push(`in ${row.where}`);
    lines.push(...details.map((detail) => `      ${detail}`));
  }
  return lines.slice(1).join("\n");
}

async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  if (values.list) {
    console.log(listRows());
    return 0;
  }
  if (values.row === undefined && !values.report) {
    throw new UsageError(
      "Cannot start as --list, --row or --report must say what to do",
    );
  }
  if (values.row !== undefined) {
    const status = await runRows(values.row, values);
    if (status !== 0) return status;
  }
  if (values.report) {
    for (const path of await writeReport(values.out)) console.log(path);
  }
  return 0;
}

async function runRows(
  selection: string,
  values: FlagValues<typeof FLAGS>,
): Promise<number> {
  const { scale, seeds, out } = values;
  const rows = selectRows(selection);
  const model = values.model as keyof typeof MODELS | undefined;
  const backend = await selectBackend(values);
  console.log(paragraph(
    `${rows.length} rows, ${seeds} seeds, scale ${scale}` +
      `${
        scale < 1 ? " (figures are not comparable with the published ones)" : ""
      }, ` +
      `${backend.backend} on ${backend.device}`,
  ));
  using interrupt = new Interrupt();
  const datasets = new Map<DatasetName, RowDataset>();
  for (const row of rows) {
    const load = DATASETS[row.dataset];
    if (row.dataset === "imagenet" && !isFolder(values.data)) {
      console.log(paragraph(
        `${row.id}: skipped, needs ImageNet: --data DIR, train/CLASS/*.JPEG and val/CLASS/*.JPEG`,
      ));
      continue;
    }
    let dataset = datasets.get(row.dataset);
    if (!dataset) {
      // One data set at a time is in memory.
      datasets.clear();
      dataset = await load({
        source: values.data,
        trainImages: values["train-images"],
        testImages: values["test-images"],
        seed: values.seed,
        signal: interrupt.signal,
      });
      interrupt.signal.throwIfAborted();
      datasets.set(row.dataset, dataset);
    }
    const accuracies: number[] = [];
    for (let seed = values.seed; seed < values.seed + seeds; seed++) {
      const options = {
        dataset,
        scale,
        seed,
        model,
        dataNote: values["data-note"],
        testEvery: values["test-every"],
        curveImages: values["curve-images"],
        backend,
        out,
        tensorboard: values.tensorboard,
        log: console.log,
        signal: interrupt.signal,
      };
      const name = await runName(row, options);
      using _lock = await lockFolder(out, {
        by: `examples/paper.ts --row ${row.id}`,
        file: `.${name}.lock`,
      });
      const result = await finishedResult(`${out}/${name}.json`) ??
        await runRow(row, options);
      if (!result) {
        console.log(`Stopped. The same command goes on from here.`);
        return stoppedStatus();
      }
      if (result.diverged) {
        console.log(`${row.id} seed ${seed}: the loss became NaN`);
      }
      accuracies.push(result.accuracy);
    }
    console.log(
      `${row.id}: ${meanAndSpread(accuracies)} % after ${
        scaledIterations(row, scale)
      } iterations at scale ${scale}`,
    );
    if (row.published !== undefined) {
      console.log(`  published: ${row.published} % after ${row.iterations}`);
    }
  }
  return 0;
}

/** Whether `--data` names a folder, which there need not be. */
function isFolder(data: string | undefined): boolean {
  return data !== undefined && data !== "download" && data !== "synthetic";
}

/** The result at `path`, if that run is finished. */
async function finishedResult(path: string): Promise<RowResult | undefined> {
  try {
    return await readResult(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  await runCommand({
    summary: "Runs the experiments of the paper and the tutorials, row by row.",
    usage: "deno run -A examples/paper.ts [flags]",
    flags: FLAGS,
    main,
    expected: [DatasetError, CheckpointError, SyntaxError],
  });
}
