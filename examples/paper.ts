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

import { selectBackend, type SelectedBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  Interrupt,
  lockFolder,
  OWN_VERSION,
  runCommand,
  stoppedStatus,
  TASK_FLAGS,
  taskIndex,
  TENSORBOARD_FLAGS,
  UsageError,
} from "@clr/clr/command";
import { CheckpointError } from "@clr/clr/training";
import { DatasetError } from "./datasets/image_dataset.ts";
import type { RowDataset } from "./paper/batches.ts";
import { type DatasetName, DATASETS } from "./paper/datasets.ts";
import { NoBoundsError } from "./paper/found_rate.ts";
import { MODELS } from "./paper/models.ts";
import { describeRate } from "./paper/describe_rate.ts";
import { meanAndSpread, readResult, writeReport } from "./paper/report.ts";
import {
  familyOf,
  type PaperRow,
  ROWS,
  selectRows,
  titleOf,
} from "./paper/rows.ts";
import type { RowResult } from "./paper/row_result.ts";
import { runName } from "./paper/run_name.ts";
import { runRow, scaledIterations } from "./paper/run_row.ts";
import { DEVICE_FLAGS, WHOLE_DATA_FLAGS } from "./training/flags.ts";
import { makeLogFolder } from "./training/log_folder.ts";
import { paragraph } from "./training/paragraph.ts";

/** The flags of this program. */
export const FLAGS = {
  list: {
    kind: "switch",
    help: "list every row, or with --row the tasks of an array",
  },
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
    max: 1000,
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
  ...TASK_FLAGS,
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

/** One row with one seed, which is one file of results. */
export interface Task {
  readonly row: PaperRow;
  readonly seed: number;
}

/** Whether a row is on ImageNet and `--data` names no folder of its layout. */
function lacksImages({ dataset }: PaperRow, data: string | undefined): boolean {
  if (dataset !== "imagenet") return false;
  try {
    return data === undefined || !Deno.statSync(`${data}/train`).isDirectory;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return true;
    throw error;
  }
}

/** The tasks that `--row`, `--seed` and `--seeds` select, in the order of an array. */
export function tasksOf(
  selection: string,
  { seed, seeds, data }:
    & Pick<FlagValues<typeof FLAGS>, "seed" | "seeds">
    & Partial<Pick<FlagValues<typeof FLAGS>, "data">>,
): Task[] {
  return selectRows(selection)
    .filter((row) => !lacksImages(row, data))
    .flatMap((row) =>
      Array.from({ length: seeds }, (_, i) => ({ row, seed: seed + i }))
    );
}

/** The tasks by their index in an array. */
function listTasks(tasks: readonly Task[]): string {
  const width = String(tasks.length - 1).length;
  return tasks.map(({ row, seed }, i) =>
    `${String(i).padStart(width)}  ${row.id}, seed ${seed}`
  ).join("\n");
}

async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  if (values.list) {
    console.log(
      values.row === undefined
        ? listRows()
        : listTasks(tasksOf(values.row, values)),
    );
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
    // A folder that is misspelled is not to be made.
    await Deno.stat(values.out);
    // Runs may go on beside it: their results are written whole.
    using _lock = await lockFolder(values.out, {
      by: "examples/paper.ts --report",
      name: "report",
    });
    for (const path of await writeReport(values.out)) console.log(path);
  }
  return 0;
}

/** "1 row", "2 rows". */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

async function runRows(
  selection: string,
  values: FlagValues<typeof FLAGS>,
): Promise<number> {
  const { scale } = values;
  await makeLogFolder(values.tensorboard);
  const all = tasksOf(selection, values);
  const index = taskIndex(values["task-index"], all.length);
  const tasks = index === undefined ? all : [all[index]];
  const backend = await selectBackend(values);
  const part = index === undefined
    ? `${counted(selectRows(selection).length, "row")}, ${
      counted(values.seeds, "seed")
    }`
    : `task ${index} of ${all.length}: ${tasks[0].row.id}, seed ${
      tasks[0].seed
    }`;
  const note = scale < 1
    ? " (figures are not comparable with the published ones)"
    : "";
  console.log(paragraph(
    `${part}, scale ${scale}${note}, ${backend.backend} on ${backend.device}`,
  ));
  for (const row of index === undefined ? selectRows(selection) : []) {
    if (!lacksImages(row, values.data)) continue;
    console.log(paragraph(
      `${row.id}: skipped, needs ImageNet: --data DIR, with train/CLASS and val/CLASS`,
    ));
  }
  using interrupt = new Interrupt();
  const run = { ...values, backend, signal: interrupt.signal };
  const datasets = new Map<DatasetName, RowDataset>();
  for (const ofRow of Map.groupBy(tasks, ({ row }) => row.id).values()) {
    const accuracies: number[] = [];
    const [{ row }] = ofRow;
    for (const { seed } of ofRow) {
      const dataset = await loadOnce(datasets, row.dataset, run);
      const result = await runTask({ row, seed }, dataset, run);
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

/** What a run of rows has: its flags, what computes, and what stops it. */
type Run = Omit<FlagValues<typeof FLAGS>, "backend"> & {
  readonly backend: SelectedBackend;
  readonly signal: AbortSignal;
};

/** A data set, which stays until another one is loaded. */
async function loadOnce(
  datasets: Map<DatasetName, RowDataset>,
  name: DatasetName,
  run: Run,
): Promise<RowDataset> {
  const loaded = datasets.get(name);
  if (loaded) return loaded;
  // One data set at a time is in memory.
  datasets.clear();
  const dataset = await DATASETS[name]({
    source: run.data,
    trainImages: run["train-images"],
    testImages: run["test-images"],
    seed: run.seed,
    signal: run.signal,
  });
  run.signal.throwIfAborted();
  datasets.set(name, dataset);
  return dataset;
}

/** Runs a task, or goes on with it; undefined when a signal stopped it. */
async function runTask(
  { row, seed }: Task,
  dataset: RowDataset,
  run: Run,
): Promise<RowResult | undefined> {
  const { out } = run;
  const options = {
    dataset,
    scale: run.scale,
    seed,
    model: run.model as keyof typeof MODELS | undefined,
    dataNote: run["data-note"],
    testEvery: run["test-every"],
    curveImages: run["curve-images"],
    backend: run.backend,
    out,
    tensorboard: run.tensorboard,
    log: console.log,
    signal: run.signal,
  };
  const name = await runName(row, options);
  using _lock = await lockFolder(out, {
    by: `examples/paper.ts --row ${row.id}`,
    name,
  });
  return await finishedResult(`${out}/${name}.json`) ??
    await runRow(row, options);
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
    version: OWN_VERSION,
    flags: FLAGS,
    main,
    expected: [DatasetError, CheckpointError, NoBoundsError, SyntaxError],
  });
}
