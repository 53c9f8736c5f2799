import * as tf from "@tensorflow/tfjs";
import { GradientAccumulation } from "../../tfjs/gradient_accumulation.ts";
import type { LayersModel, Optimizer } from "../../tfjs/types.ts";
import type { SnapshotSubject } from "../../training/weights/snapshot.ts";
import type { BatchForm } from "../data/check_batch.ts";
import { examplesOf } from "../data/tensor_tree.ts";
import type { StepValues, Trainer } from "./trainer.ts";

/**
 * Takes a step on the mean gradient of several batches, weighted by their
 * examples: the step of one batch that holds all of them, where the loss is a
 * mean over examples and no layer looks at a batch as a whole.
 */
export class AccumulatingTrainer implements Trainer {
  readonly #trainer: Trainer;
  readonly #batches: number;
  readonly reference?: Trainer["reference"];
  #accumulations: readonly GradientAccumulation[] = [];
  #gathered = 0;

  constructor(trainer: Trainer, batches: number) {
    this.#trainer = trainer;
    this.#batches = batches;
    if (trainer.reference) {
      this.reference = (batch) => trainer.reference!(batch);
    }
  }

  get subject(): SnapshotSubject {
    return this.#trainer.subject;
  }

  get optimizer(): Optimizer {
    return this.#trainer.optimizer;
  }

  get otherOptimizers(): readonly Optimizer[] {
    return this.#trainer.otherOptimizers;
  }

  get form(): BatchForm {
    return this.#trainer.form;
  }

  get model(): LayersModel | undefined {
    return this.#trainer.model;
  }

  begin(): void {
    this.#release();
    this.#trainer.begin();
    this.#accumulations = [this.optimizer, ...this.otherOptimizers].map(
      (optimizer) => new GradientAccumulation(optimizer),
    );
  }

  async train(batch: unknown): Promise<StepValues> {
    for (const each of this.#accumulations) each.begin(examplesOf(batch));
    const values = await this.#trainer.train(batch);
    const [own, ...others] = this.#accumulations.map(({ calls }) => calls);
    const most = Math.max(own, ...others);
    if (own !== 1 || most > 1) {
      tf.dispose([...values.values]);
      throw new Error(
        `Cannot accumulate gradients as trainOnBatch must hand each of its optimizers' applyGradients, or minimize, those of a batch once: current value is ${
          own === 1 ? most : own
        } times`,
      );
    }
    if (++this.#gathered === this.#batches) {
      for (const each of this.#accumulations) each.step();
      this.#gathered = 0;
    }
    return values;
  }

  evaluate(batch: unknown): StepValues | Promise<StepValues> {
    return this.#trainer.evaluate(batch);
  }

  notFinite(): Promise<string[]> {
    return this.#trainer.notFinite();
  }

  alike(): Promise<string[]> {
    return this.#trainer.alike?.() ?? Promise.resolve([]);
  }

  unchanged(): Promise<{ names: string[]; of: number }> {
    return this.#trainer.unchanged();
  }

  end(): void {
    this.#release();
    this.#trainer.end();
  }

  #release(): void {
    for (const each of this.#accumulations) each[Symbol.dispose]();
    this.#accumulations = [];
    this.#gathered = 0;
  }
}
