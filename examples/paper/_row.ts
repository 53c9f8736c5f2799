import type { FoundRate, Rate } from "./rate.ts";
import type { DatasetName } from "./datasets.ts";
import type { ModelName } from "./models.ts";
import type { SolverName } from "./solvers.ts";

/** One line of a table or one curve of a figure. */
export interface PaperRow {
  /** What `--row` takes. */
  readonly id: string;
  /** Where the figure stands, such as "Table 1, Figure 4". */
  readonly where: string;
  readonly dataset: DatasetName;
  readonly model: ModelName;
  readonly optimizer: SolverName;
  readonly rate: Rate | FoundRate;
  readonly iterations: number;
  readonly batchSize: number;
  /** The row whose trained network it begins with, where not with a new one. */
  readonly continues?: string;
  /** The network's L2 penalty, where not its own. */
  readonly weightDecay?: number;
  /** Trains on the first so many images, where not on all. */
  readonly trainImages?: number;
  /** Test accuracy in percent, as published; undefined where none was. */
  readonly published?: number;
  /** What the source leaves open, or is done differently here. */
  readonly note?: string;
  /** Whether others of its table are to be compared with it. */
  readonly control?: true;
}

/** What rates drop by, of Caffe's solvers and of residual networks. */
export const TENTH = 0.1;

/** What the rows on Caffe's CIFAR-10 network have in common. */
export const caffe = {
  dataset: "cifar10",
  model: "cifar10_full",
  optimizer: "momentum",
  batchSize: 100,
} as const;

/** What a row belongs to, by its id: "table1" of "table1-fixed". */
export function familyOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}
