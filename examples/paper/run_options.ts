import type { SelectedBackend } from "@clr/clr/backends";
import type { RowDataset } from "./batches.ts";
import type { MODELS } from "./models.ts";

/** How a row is run. */
export interface RunOptions {
  readonly dataset: RowDataset;
  readonly scale: number;
  readonly seed: number;
  /** What a reader of the result must know about the images. */
  readonly dataNote?: string;
  /** A network in place of the row's. */
  readonly model?: keyof typeof MODELS;
  /** Iterations from test to test. @default {a tenth of all, or what divides them} */
  readonly testEvery?: number;
  /** Tests on the first so many of the test images, and on all at the end. @default {all} */
  readonly curveImages?: number;
  readonly backend: Pick<SelectedBackend, "backend" | "device">;
  /** Where results and checkpoints go. */
  readonly out: string;
  /** A folder, in which each run has its own, for what TensorBoard shows. */
  readonly tensorboard?: string;
  readonly log: (line: string) => void;
  /** Stops at the next batch; a later run goes on from the last checkpoint. */
  readonly signal?: AbortSignal;
}
