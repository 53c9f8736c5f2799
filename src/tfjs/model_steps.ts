import * as tf from "@tensorflow/tfjs";
import { alignSlotsToModel } from "./slots.ts";
import type { LayersModel, Optimizer, Tensor } from "./types.ts";

type StepFunction = (data: (Tensor | null)[]) => tf.Scalar[];

/** What tfjs hides of a model. */
interface ModelInternals {
  /** A Sequential trains through a LayersModel inside it. */
  model?: ModelInternals;
  isTraining: boolean;
  optimizer_: Optimizer | undefined;
  outputNames: string[];
  testFunction: StepFunction;
  makeTrainFunction(): StepFunction;
  makeTestFunction(): void;
  getDedupedMetricsNames(): string[];
  standardizeUserDataXY(
    xs: unknown,
    ys: unknown,
    checkBatchAxis: boolean,
  ): [Tensor[], Tensor[]];
}

/** The loss first, then the metrics, still on the device. */
export interface ModelStepValues {
  /** Their names. */
  readonly names: readonly string[];
  /** Their values. */
  readonly values: readonly Tensor[];
}

/**
 * What `fit`, `fitDataset` and `evaluate` are made of. Built on these, a training
 * takes exactly their steps, without their read-backs, and a batch that throws
 * leaves no tensor behind, as it does in `fitDataset`.
 */
export class ModelSteps {
  readonly #model: LayersModel;
  readonly #internals: ModelInternals;
  readonly #outputs: number;
  #step: StepFunction | undefined;

  constructor(model: LayersModel) {
    const internals = model as unknown as ModelInternals;
    this.#model = model;
    this.#internals = internals.model ?? internals;
    this.#outputs = model.outputs?.length ?? 1;
  }

  /** Whether the model has an optimizer and a loss. */
  get isCompiled(): boolean {
    return this.#internals.optimizer_ !== undefined;
  }

  /** Whether the model is in the middle of a `fit`. */
  get isTraining(): boolean {
    return this.#internals.isTraining;
  }

  /** The names of the outputs, by which class weights are given. */
  get outputNames(): readonly string[] {
    return this.#internals.outputNames;
  }

  /** From here on the model is training; `stopTraining` and the like are its own. */
  begin(): void {
    alignSlotsToModel(this.#model);
    this.#internals.isTraining = true;
    this.#step = this.#internals.makeTrainFunction();
  }

  /** Inputs, then targets, in the order of the model's. */
  flatten({ xs, ys }: { xs: unknown; ys: unknown }): Tensor[] {
    return this.#internals.standardizeUserDataXY(xs, ys, true).flat();
  }

  /** One step on what `data` gives: inputs, targets, and weights of examples. */
  train(data: () => (Tensor | null)[]): ModelStepValues {
    const values = tf.tidy(() => this.#step!(data()));
    return { names: this.#internals.getDedupedMetricsNames(), values };
  }

  /**
   * Calls `body`, in which training steps compute the loss and change no weight:
   * the step function is itself, its optimizer is none.
   */
  async withoutUpdates<T>(body: () => Promise<T>): Promise<T> {
    const optimizer = this.#internals.optimizer_;
    const none = { minimize: (loss: () => tf.Scalar) => loss() };
    this.#internals.optimizer_ = none as Optimizer;
    try {
      return await body();
    } finally {
      this.#internals.optimizer_ = optimizer;
    }
  }

  /** The loss and the metrics on what `data` gives: inputs and targets. */
  evaluate(data: () => Tensor[]): ModelStepValues {
    this.#internals.makeTestFunction();
    const all = tf.tidy(() => this.#internals.testFunction(data()));
    // With several outputs, tfjs returns the sum of the losses up to each
    // output first: the last of these is the loss.
    tf.dispose(all.slice(0, this.#outputs - 1));
    return {
      names: this.#internals.getDedupedMetricsNames(),
      values: all.slice(this.#outputs - 1),
    };
  }
}
