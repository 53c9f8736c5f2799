import type * as tf from "@tensorflow/tfjs";
import type { LearningRateRange } from "@clr/clr";
import type { SelectedBackend } from "@clr/clr/backends";
import type { Augmentation } from "../datasets/augmentation.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import type { Normalization } from "../datasets/normalization.ts";
import type { RateMode } from "./rate_mode.ts";

/** What `trainClassifier` is given. */
export interface ClassifierRun {
  /** Said in the plan and the files, such as "CIFAR-10 quick". */
  readonly modelName: string;
  /** What the reader of the losses should know about them. */
  readonly lossNote?: string;
  /** Makes a compiled model with the metric `acc`; called twice. */
  readonly createModel: () => tf.LayersModel;
  readonly dataset: ImageDataset;
  readonly normalization: Normalization;
  /** How the training images are varied. @default {not at all} */
  readonly augmentation?: Augmentation;
  /** What drives the learning rate. */
  readonly rate: RateMode;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly backend: SelectedBackend;
  /** The range test that the schedule's bounds come from, for the report. */
  readonly range?: LearningRateRange;
  /** Whether to write pictures and a report to look at. @default {true} */
  readonly plots?: boolean;
  /** Shows the run in a browser; the text is the port, or "" for any. */
  readonly live?: string;
  /** A folder for what TensorBoard shows. @default {none} */
  readonly tensorboard?: string;
  /** What its checkpoints say of that folder. */
  readonly log: string | null;
  /** Whether to write the model as ONNX too, and evaluate that. @default {false} */
  readonly onnx?: boolean;
  /** Folder of the results. */
  readonly out: string;
  /**
   * Saves a checkpoint every so many batches.
   *
   * @default {never, or as often as the run that is resumed}
   */
  readonly checkpointEvery?: number;
  /** Goes on from the newest checkpoint in `out`. @default {false} */
  readonly resume?: boolean;
  /** Every option of the command line, for `plan.json`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a run was made on, for the captions of pictures. */
export function originOf(
  { modelName, dataset, backend: { backend, device } }: Pick<
    ClassifierRun,
    "modelName" | "dataset" | "backend"
  >,
): string {
  return `${modelName}; ${dataset.name}, ${dataset.origin}; ${backend} on ${device}`;
}
