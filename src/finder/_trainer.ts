import * as tf from "@tensorflow/tfjs";
import { ModelSteps } from "../tfjs/model_steps.ts";
import { isForeignModel, twoCopies } from "../tfjs/two_copies.ts";
import type { LayersModel, Optimizer } from "../tfjs/types.ts";
import type { SnapshotSubject } from "../training/snapshot.ts";
import { type BatchForm, disposeBatch } from "./_batches.ts";
import {
  type ClassWeight,
  type ClassWeights,
  exampleWeights,
  weightsOfOutputs,
} from "./class_weight.ts";
import { describe } from "./_describe.ts";
import { readScalars } from "../tfjs/read_scalars.ts";
import type { TensorPair } from "./data.ts";
import type {
  BatchResult,
  CustomTrainee,
  TrainedVariable,
  Trainee,
} from "./trainee.ts";

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
  /** Whether the loss is one of the targets. */
  readonly usesTargets: boolean;
  /** The model, where it is one. */
  readonly model?: LayersModel;
  /** Frees what {@linkcode Trainer.begin} kept. */
  end(): void;
}

/** Variables as they were, to go back to for a moment. */
class FirstWeights {
  readonly #variables: readonly tf.Variable[];
  readonly #first: tf.Tensor[];

  constructor(variables: readonly tf.Variable[]) {
    this.#variables = variables;
    this.#first = variables.map((variable) => tf.keep(variable.clone()));
  }

  /** Does something at the first weights, and puts those of now back. */
  async visit<T>(body: () => T | Promise<T>): Promise<T> {
    // Clones share their data: nothing is copied.
    const now = this.#variables.map((variable) => tf.keep(variable.clone()));
    this.#assign(this.#first);
    try {
      return await body();
    } finally {
      this.#assign(now);
      tf.dispose(now);
    }
  }

  /** Those of some variables that are as they were. */
  async unchanged(
    variables: readonly tf.Variable[],
  ): Promise<{ names: string[]; of: number }> {
    const found = variables.map((variable) => {
      const i = this.#variables.indexOf(variable);
      return tf.tidy(() => variable.sub(this.#first[i]).abs().max());
    });
    const changes = await readScalars(found);
    return {
      names: variables.filter((_, i) => changes[i] === 0)
        .map(({ name }) => name),
      of: variables.length,
    };
  }

  dispose(): void {
    tf.dispose(this.#first);
  }

  #assign(values: readonly tf.Tensor[]): void {
    this.#variables.forEach((variable, i) => variable.assign(values[i]));
  }
}

class ModelTrainer implements Trainer {
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

  /** Functions may do without. */
  get usesTargets(): boolean {
    const { loss } = this.#model;
    return [loss].flat().every((one) => typeof one === "string");
  }

  unchanged(): Promise<{ names: string[]; of: number }> {
    return this.#first!.unchanged(
      this.#model.trainableWeights.map((weight) =>
        weight.read() as tf.Variable
      ),
    );
  }

  get optimizer(): Optimizer {
    return this.#model.optimizer;
  }

  begin(): void {
    this.#steps.begin();
    this.#first?.dispose();
    this.#first = new FirstWeights(
      this.#model.weights.map((weight) => weight.read() as tf.Variable),
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
    return this.#steps.flatten(batch as TensorPair);
  }
}

class CustomTrainer implements Trainer {
  readonly form = { pairs: false };
  readonly usesTargets = false;
  readonly otherOptimizers: readonly Optimizer[];
  readonly #trainee: CustomTrainee<unknown>;
  readonly #variables: readonly tf.Variable[];
  /** Variables from before the test that it must not change. */
  #others: readonly tf.Variable[] | undefined;
  #first: FirstWeights | undefined;
  readonly reference?: (batch: unknown) => Promise<StepValues>;

  constructor(trainee: CustomTrainee<unknown>) {
    this.#trainee = trainee;
    this.#variables = trainee.variables.map(variableOf);
    this.otherOptimizers = (trainee.optimizers ?? [])
      .filter((optimizer) => optimizer !== trainee.optimizer);
    if (typeof trainee.evaluateOnBatch === "function") {
      this.reference = (batch) =>
        this.#first!.visit(() => this.evaluate(batch));
    }
  }

  get subject(): SnapshotSubject {
    return { optimizer: this.optimizer, variables: this.#variables };
  }

  unchanged(): Promise<{ names: string[]; of: number }> {
    return this.#first!.unchanged(this.#variables);
  }

  get optimizer(): Optimizer {
    return this.#trainee.optimizer;
  }

  end(): void {
    this.#first?.dispose();
    this.#first = undefined;
  }

  begin(): void {
    this.#first?.dispose();
    this.#first = new FirstWeights(this.#variables);
    if (this.#others) return;
    const known = new Set<unknown>(this.#variables);
    for (const optimizer of [this.optimizer, ...this.otherOptimizers]) {
      addVariables(optimizer, known);
    }
    this.#others = Object.values(tf.engine().registeredVariables)
      .filter((variable) => !known.has(variable));
  }

  async train(batch: unknown): Promise<StepValues> {
    const others = this.#others ?? [];
    const before = others.map(({ dataId }) => dataId);
    const result = await this.#trainee.trainOnBatch(batch);
    // Assigning a variable gives it other data.
    const changed = others.filter((variable, i) =>
      !variable.isDisposed && variable.dataId !== before[i]
    );
    if (changed.length > 0) {
      disposeBatch(result);
      throw new Error(
        `Cannot leave no trace as variables must list all that trainOnBatch changes: current value is without ${
          changed.map(({ name }) => `"${name}"`).join(", ")
        }; a second optimizer goes into optimizers`,
      );
    }
    return stepValues(result, "trainOnBatch");
  }

  async evaluate(batch: unknown): Promise<StepValues> {
    return stepValues(
      await this.#trainee.evaluateOnBatch!(batch),
      "evaluateOnBatch",
    );
  }
}

/** The variable itself, of whichever form it was given in. */
function variableOf(given: TrainedVariable, index: number): tf.Variable {
  const isLayerVariable = !(given instanceof tf.Tensor) &&
    typeof given?.read === "function";
  const variable = isLayerVariable ? given.read() : given;
  if (variable instanceof tf.Variable && !variable.isDisposed) return variable;
  throw new TypeError(
    `Cannot find a learning rate as variables must hold tf.Variables, or a model's weights: current value at ${index} is ${
      describe(variable)
    }`,
  );
}

/** Adds the variables that an optimizer keeps in its fields. */
function addVariables(holder: object, found: Set<unknown>): void {
  for (const value of Object.values(holder)) {
    if (value instanceof tf.Variable) found.add(value);
    else if (
      Array.isArray(value) || value && Object.getPrototypeOf(value) ===
          Object.prototype
    ) addVariables(value, found);
  }
}

/** Whether `value` is a number, on the device or off it. */
function isScalar(value: unknown): value is number | tf.Tensor {
  return typeof value === "number" ||
    value instanceof tf.Tensor && value.size === 1;
}

function stepValues(result: BatchResult, from: string): StepValues {
  const record = typeof result === "number" || result instanceof tf.Tensor
    ? { loss: result }
    : result ?? {};
  const { loss, ...metrics } = record;
  const values = [loss, ...Object.values(metrics)];
  if (values.every(isScalar)) {
    return { names: ["loss", ...Object.keys(metrics)], values };
  }
  const shown = describe(result);
  disposeBatch(result);
  throw new TypeError(
    `Cannot read a loss as ${from} must return a number, a scalar tensor or a record of them with a loss: current value is ${shown}`,
  );
}

/**
 * Drives a trainee of either form.
 *
 * @throws {TypeError} If it is neither, or a model that is not compiled.
 * @throws {Error} If the model is being trained.
 */
export function createTrainer(
  trainee: Trainee<unknown>,
  options: { validates: boolean; classWeight?: ClassWeights },
): Trainer {
  const { validates, classWeight } = options;
  if (trainee instanceof tf.LayersModel) {
    return new ModelTrainer(trainee, classWeight);
  }
  if (isForeignModel(trainee)) throw twoCopies("find a learning rate");
  if (
    !trainee?.optimizer || !Array.isArray(trainee.variables) ||
    typeof trainee.trainOnBatch !== "function"
  ) {
    throw new TypeError(
      `Cannot find a learning rate as the trainee must be a tf.LayersModel or { optimizer, variables, trainOnBatch }: current value is ${
        describe(trainee)
      }`,
    );
  }
  if (classWeight !== undefined) {
    throw new TypeError(
      "Cannot use classWeight as the trainee must be a tf.LayersModel: current value is a loop of one's own; weigh the classes in trainOnBatch",
    );
  }
  if (validates && typeof trainee.evaluateOnBatch !== "function") {
    throw new TypeError(
      "Cannot use validationData as the trainee must have an evaluateOnBatch: current value is undefined",
    );
  }
  return new CustomTrainer(trainee);
}
