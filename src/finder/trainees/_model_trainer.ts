import * as tf from "@tensorflow/tfjs";
import { ModelSteps } from "../../tfjs/model_steps.ts";
import type { LayersModel, Optimizer } from "../../tfjs/types.ts";
import type { BatchForm } from "../data/check_batch.ts";
import { checkLabels, explainMisfit } from "./_explain_misfit.ts";
import { FirstWeights } from "./_first_weights.ts";
import type { StepValues, Trainer } from "./trainer.ts";
import {
  type ClassWeight,
  type ClassWeights,
  exampleWeights,
  weightsOfOutputs,
} from "../data/class_weight.ts";
import type { TensorPair } from "../data/training_data.ts";
import {
  isDisposed,
  trainedWeights,
  variableOf,
} from "../../tfjs/trained_weights.ts";

/** Trains a model by the very steps of `fit`. */
export class ModelTrainer implements Trainer {
  readonly otherOptimizers: readonly Optimizer[] = [];
  readonly form: BatchForm;
  readonly #model: LayersModel;
  readonly #steps: ModelSteps;
  readonly #classWeights: readonly (ClassWeight | null)[] | undefined;
  #first: FirstWeights | undefined;

  constructor(model: LayersModel, classWeight: ClassWeights | undefined) {
    this.#model = model;
    this.#steps = new ModelSteps(model);
    if (classWeight !== undefined) {
      const { outputNames } = this.#steps;
      this.#classWeights = weightsOfOutputs(classWeight, outputNames);
    }
    const { inputs, inputNames, outputNames } = model;
    this.form = {
      pairs: true,
      ...(inputNames && { names: { xs: inputNames, ys: outputNames } }),
      ...(inputs?.length === 1 ? { inputShape: inputs[0].shape } : {}),
    };
    if (isDisposed(model)) {
      throw new TypeError(
        `Cannot find a learning rate as the model must not be disposed: current value is "${model.name}", whose weights are`,
      );
    }
    if (!this.#steps.isCompiled) {
      throw new TypeError(
        `Cannot find a learning rate as the model must be compiled: current value is "${model.name}" without an optimizer`,
      );
    }
    if (model.trainableWeights.length === 0) {
      throw new TypeError(
        `Cannot find a learning rate as the model must have trainable weights: current value is "${model.name}", all of whose layers are frozen or have none`,
      );
    }
    if (trainedWeights(model).length === 0) {
      throw new TypeError(
        `Cannot find a learning rate as the model must have weights that were trainable when it was compiled: current value is "${model.name}", all of whose layers were frozen then; compile it again`,
      );
    }
    if (this.#steps.isTraining) {
      throw new Error(
        `Cannot find a learning rate as the model must not be training: current value is "${model.name}" in the middle of a fit`,
      );
    }
  }

  get subject(): LayersModel {
    return this.#model;
  }

  get model(): LayersModel {
    return this.#model;
  }

  unchanged(): Promise<{ names: string[]; of: number }> {
    return this.#first!.unchanged(
      this.#model.trainableWeights.map((weight) => variableOf(weight)),
    );
  }

  notFinite(): Promise<string[]> {
    return this.#first!.notFinite();
  }

  alike(): Promise<string[]> {
    return this.#first!.alike();
  }

  get optimizer(): Optimizer {
    return this.#model.optimizer;
  }

  begin(): void {
    this.#steps.begin();
    this.#first?.dispose();
    this.#first = new FirstWeights(
      this.#model.weights.map(variableOf),
    );
  }

  end(): void {
    this.#first?.dispose();
    this.#first = undefined;
  }

  /** In training mode, so that batch norm and all else are as in the step. */
  reference(batch: unknown): Promise<StepValues> {
    return this.#first!.visit(() =>
      this.#steps.withoutUpdates(async () => await this.train(batch))
    );
  }

  train(batch: unknown): StepValues | Promise<StepValues> {
    if (this.#classWeights) return this.#trainWeighted(batch);
    return this.#steps.train(() => this.#flatten(batch));
  }

  /** As `fit` does, which reads the targets of every batch for it. */
  async #trainWeighted(batch: unknown): Promise<StepValues> {
    const targets = tf.tidy(() =>
      this.#flatten(batch).slice(this.#model.inputs.length)
        .map((target) => target.clone())
    );
    let weights: (tf.Tensor | null)[] = [];
    try {
      weights = await exampleWeights(targets, this.#classWeights!);
      return this.#steps.train(() => [...this.#flatten(batch), ...weights]);
    } finally {
      tf.dispose([targets, weights] as tf.TensorContainer);
    }
  }

  evaluate(batch: unknown): StepValues {
    return this.#steps.evaluate(() => this.#flatten(batch));
  }

  #flatten(batch: unknown): tf.Tensor[] {
    const pair = batch as TensorPair;
    let tensors: tf.Tensor[];
    try {
      tensors = this.#steps.flatten(pair);
    } catch (error) {
      throw explainMisfit(this.#model, pair, error);
    }
    checkLabels(this.#model, pair);
    return tensors;
  }
}
