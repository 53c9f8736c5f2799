import * as tf from "@tensorflow/tfjs";
import { getLearningRate } from "../../tfjs/learning_rate.ts";
import type { Optimizer } from "../../tfjs/types.ts";
import type { SnapshotSubject } from "../../training/weights/snapshot.ts";
import { Bystanders } from "./_bystanders.ts";
import { describe } from "../data/describe.ts";
import { FirstWeights } from "./_first_weights.ts";
import { disposeBatch } from "../data/tensor_tree.ts";
import type { StepValues, Trainer } from "./trainer.ts";
import { unlessStalled } from "./unless_stalled.ts";
import type { BatchResult, CustomTrainee, TrainedVariable } from "./trainee.ts";

/** Trains by a loop of the caller's own. */
export class LoopTrainer implements Trainer {
  readonly form = { pairs: false };
  readonly otherOptimizers: readonly Optimizer[];
  readonly #trainee: CustomTrainee<unknown>;
  readonly #variables: readonly tf.Variable[];
  readonly #signal: AbortSignal | undefined;
  /** What is not the trainee's, and must stay as it is. */
  #bystanders: Bystanders | undefined;
  #first: FirstWeights | undefined;
  readonly reference?: (batch: unknown) => Promise<StepValues>;

  /** @param signal Ends the wait for a step that never ends. */
  constructor(trainee: CustomTrainee<unknown>, signal?: AbortSignal) {
    this.#trainee = trainee;
    this.#signal = signal;
    this.#variables = trainee.variables.map(variableOf);
    this.otherOptimizers = otherOptimizers(trainee);
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

  notFinite(): Promise<string[]> {
    return this.#first!.notFinite();
  }

  get optimizer(): Optimizer {
    return this.#trainee.optimizer;
  }

  begin(): void {
    this.#first?.dispose();
    this.#first = new FirstWeights(this.#variables);
    this.#bystanders ??= new Bystanders({
      variables: this.#variables,
      optimizers: [this.optimizer, ...this.otherOptimizers],
    });
  }

  end(): void {
    this.#first?.dispose();
    this.#first = undefined;
    this.#bystanders?.[Symbol.dispose]();
    this.#bystanders = undefined;
  }

  async train(batch: unknown): Promise<StepValues> {
    const rate = getLearningRate(this.optimizer);
    const result = await this.#bystanders!.during(() =>
      this.#ofStep(this.#trainee.trainOnBatch(batch))
    );
    const values = stepValues(result, "trainOnBatch");
    const left = getLearningRate(this.optimizer);
    if (left === rate) return values;
    disposeBatch(values.values);
    throw new TypeError(
      `Cannot find a learning rate as trainOnBatch must leave the optimizer's rate as it is: current value is ${left} after it was set to ${rate}`,
    );
  }

  async evaluate(batch: unknown): Promise<StepValues> {
    return stepValues(
      await this.#ofStep(this.#trainee.evaluateOnBatch!(batch)),
      "evaluateOnBatch",
    );
  }

  /** What a step gives; at once where it does, so that nothing gets in between. */
  #ofStep(given: BatchResult | Promise<BatchResult>) {
    return given instanceof Promise
      ? unlessStalled(given, this.#signal)
      : given;
  }
}

function otherOptimizers(
  { optimizer, optimizers = [] }: CustomTrainee<unknown>,
): readonly Optimizer[] {
  if (!Array.isArray(optimizers) || !optimizers.every(isOptimizer)) {
    throw new TypeError(
      `Cannot find a learning rate as optimizers must be an array of optimizers: current value is ${
        describe(optimizers)
      }`,
    );
  }
  return [...new Set(optimizers)].filter((other) => other !== optimizer);
}

/** Whether `value` can be one: it may be of the caller's own make. */
function isOptimizer(value: unknown): value is Optimizer {
  return typeof value === "object" && value !== null &&
    !(value instanceof tf.Tensor);
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
