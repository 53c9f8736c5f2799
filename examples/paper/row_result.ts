import * as tf from "@tensorflow/tfjs";
import type { LearningRateScheduler } from "@clr/clr";
import { VERSION } from "@clr/clr/command";
import type { RowDataset } from "./batches.ts";
import { describeRate } from "./describe_rate.ts";
import type { RateBounds } from "./rate.ts";
import type { PaperRow } from "./rows.ts";
import type { RunOptions } from "./run_options.ts";

/** What a finished run leaves, as JSON. */
export interface RowResult {
  readonly row: string;
  /** The network, which `--model` may have replaced. */
  readonly model: string;
  /** The optimizer, by its name in `solvers.ts`. */
  readonly optimizer: string;
  /** What iterations and step sizes were multiplied by. */
  readonly scale: number;
  readonly seed: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly rate: string;
  /** The bounds of the range test, where that gave them. */
  readonly foundBounds?: RateBounds;
  /** Test accuracy in percent after the last iteration. */
  readonly accuracy: number;
  /** The best of the test accuracies that were measured on the way. */
  readonly bestAccuracy: number;
  /** Whether the loss became NaN on the way. */
  readonly diverged: boolean;
  /** Test accuracies on the way: `iterations`, `val_acc`, `val_loss`, … */
  readonly epochHistory: {
    readonly iterations: readonly number[];
    readonly val_acc: readonly number[];
    readonly loss: readonly number[];
    readonly [name: string]: readonly number[];
  };
  readonly data: {
    readonly name: string;
    readonly origin: string;
    readonly note?: string;
    readonly trainImages: number;
    readonly testImages: number;
    /** How many of the test images `epochHistory` is of, where not of all. */
    readonly curveImages?: number;
  };
  readonly backend: string;
  readonly device: string;
  /** Seconds of training, tests included, over all interruptions. */
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly finished: string;
}

/** Where a folder lies on somebody's machine is nobody else's concern. */
export function originOf({ origin }: Pick<RowDataset, "origin">): string {
  return origin.replace(/ .*[/\\]/, " ");
}

/** A result as JSON, each column of numbers in a line. */
export function resultText(result: RowResult): string {
  return JSON.stringify(result, null, 2).replace(
    /\[[^[\]{}"]*\]/g,
    (column) => column.replaceAll(/\s+/g, " "),
  ) + "\n";
}

/** Six digits: a test image in a million, and files that are not full of noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** The result of a row whose training is done. */
export function resultOf(
  row: PaperRow,
  { scale, seed, backend, dataNote }: RunOptions,
  { model, dataset, scheduler, foundBounds, accuracy, curveImages, seconds }: {
    readonly model: string;
    readonly dataset: RowDataset;
    readonly scheduler: LearningRateScheduler;
    readonly foundBounds?: RateBounds;
    readonly accuracy: number;
    readonly curveImages?: number;
    readonly seconds: number;
  },
): RowResult {
  const { iterations, val_acc, loss, ...others } = scheduler.epochHistory;
  const column = (values: ArrayLike<number>) => Array.from(values, rounded);
  const epochHistory: RowResult["epochHistory"] = {
    iterations: Array.from(iterations),
    val_acc: column(val_acc),
    loss: column(loss),
    ...Object.fromEntries(
      Object.entries(others).map(([name, values]) => [name, column(values)]),
    ),
  };
  const accuracies = epochHistory.val_acc;
  return {
    row: row.id,
    model,
    optimizer: row.optimizer,
    scale,
    seed,
    iterations: scheduler.totalIterations,
    batchSize: row.batchSize,
    rate: describeRate(row.rate, scale),
    foundBounds,
    accuracy: rounded(100 * accuracy),
    bestAccuracy: rounded(100 * Math.max(accuracy, ...accuracies)),
    diverged: epochHistory.loss.some(Number.isNaN),
    epochHistory,
    data: {
      name: dataset.name,
      origin: originOf(dataset),
      note: dataNote ?? dataset.originNote,
      trainImages: dataset.train.count,
      testImages: dataset.test.count,
      curveImages,
    },
    backend: backend.backend,
    device: backend.device,
    seconds,
    versions: {
      "@clr/clr": VERSION,
      "@tensorflow/tfjs": tf.version.tfjs,
      deno: Deno.version.deno,
    },
    finished: new Date().toISOString(),
  };
}
