import type * as tf from "@tensorflow/tfjs";
import type { LayersModel, Optimizer } from "../../tfjs/types.ts";
import type { SnapshotSubject } from "../../training/weights/snapshot.ts";
import type { BatchForm } from "../data/check_batch.ts";

/** The loss first, then the metrics, still on the device. */
export interface StepValues {
  readonly names: readonly string[];
  readonly values: readonly (number | tf.Tensor)[];
}

/** Trains on batches, or evaluates them, whatever the trainee. */
export interface Trainer {
  readonly subject: SnapshotSubject;
  readonly optimizer: Optimizer;
  /** Others that a step changes. */
  readonly otherOptimizers: readonly Optimizer[];
  /** What batches must be. */
  readonly form: BatchForm;
  /** From here on the trainee is in use; its snapshot was taken. */
  begin(): void;
  train(batch: unknown): StepValues | Promise<StepValues>;
  evaluate(batch: unknown): StepValues | Promise<StepValues>;
  /**
   * The loss of a batch at the weights of when the test began, where that can be
   * had without a training step; the weights of now stay.
   */
  reference?(batch: unknown): StepValues | Promise<StepValues>;
  /** Which of the trained weights are as they were when the test began. */
  unchanged(): Promise<{ names: string[]; of: number }>;
  /** Which weights were not finite when the test began. */
  notFinite(): Promise<string[]>;
  /** Which weights of a model's several units all were the same number then. */
  alike?(): Promise<string[]>;
  /** The model, where it is one. */
  readonly model?: LayersModel;
  /** Frees what {@linkcode Trainer.begin} kept. */
  end(): void;
}
