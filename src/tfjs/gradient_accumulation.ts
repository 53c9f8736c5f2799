import * as tf from "@tensorflow/tfjs";
import type { Gradients } from "./optimizer_bases.ts";
import type { Optimizer, Tensor } from "./types.ts";

/**
 * Gathers the gradients that an optimizer is given in place of taking a step
 * with each, and takes one with their mean when it is told to.
 *
 * Whoever trains calls `minimize` or `applyGradients` of the optimizer as ever.
 */
export class GradientAccumulation implements Disposable {
  readonly #optimizer: Optimizer;
  /** Its own step, and where it is a property of its own, that. */
  readonly #apply: Optimizer["applyGradients"];
  readonly #own: PropertyDescriptor | undefined;
  /** In the order in which they are given, by which slots are kept. */
  readonly #sums = new Map<string, Tensor | null>();
  #weight = 1;
  #total = 0;
  #calls = 0;

  constructor(optimizer: Optimizer) {
    this.#optimizer = optimizer;
    this.#apply = optimizer.applyGradients;
    this.#own = Object.getOwnPropertyDescriptor(optimizer, "applyGradients");
    // Not enumerable: no field of the optimizer's state.
    Object.defineProperty(optimizer, "applyGradients", {
      value: (gradients: Gradients) => this.#add(gradients),
      configurable: true,
      enumerable: false,
    });
  }

  /** Of what weight the gradients to come are, such as their examples. */
  begin(weight: number): void {
    this.#weight = weight;
    this.#calls = 0;
  }

  /** How often gradients were given since {@linkcode begin}. */
  get calls(): number {
    return this.#calls;
  }

  #add(gradients: Gradients): void {
    this.#calls++;
    this.#total += this.#weight;
    const named = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor] as const)
      : Object.entries(gradients);
    tf.tidy(() => {
      for (const [name, gradient] of named) {
        const before = this.#sums.get(name) ?? null;
        // That of a variable which takes no part in the loss is null.
        if (gradient == null) {
          this.#sums.set(name, before);
          continue;
        }
        const weighed = gradient.mul(this.#weight);
        this.#sums.set(name, tf.keep(before ? before.add(weighed) : weighed));
        before?.dispose();
      }
    });
  }

  /** Takes the step, if there are gradients for one. */
  step(): void {
    if (this.#total === 0) return;
    tf.tidy(() => {
      const gradients = Array.from(this.#sums, ([name, sum]) => ({
        name,
        tensor: sum && sum.div(this.#total),
      })) as Gradients;
      this.#apply.call(this.#optimizer, gradients);
    });
    this.discard();
  }

  /** Forgets what was gathered. */
  discard(): void {
    tf.dispose([...this.#sums.values()] as tf.TensorContainer);
    this.#sums.clear();
    this.#total = 0;
  }

  /** Lets the optimizer take its own steps again. */
  [Symbol.dispose](): void {
    this.discard();
    delete (this.#optimizer as Partial<Optimizer>).applyGradients;
    if (this.#own) {
      Object.defineProperty(this.#optimizer, "applyGradients", this.#own);
    }
  }
}
