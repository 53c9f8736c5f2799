import * as tf from "@tensorflow/tfjs";
import { readScalars } from "../../tfjs/read_scalars.ts";

/** Variables as they were, to go back to for a moment. */
export class FirstWeights {
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

  /** The names of those that held numbers that are not finite. */
  async notFinite(): Promise<string[]> {
    const sums = this.#first.map((tensor) =>
      tf.tidy(() => tensor.toFloat().mul(0).sum())
    );
    const values = await readScalars(sums);
    return this.#variables.filter((_, i) => values[i] !== 0)
      .map(({ name }) => name);
  }

  /** The names of those of several units that all were the same number. */
  async alike(): Promise<string[]> {
    const shaped = this.#variables.map(({ name }, i) => ({
      name,
      first: this.#first[i],
    })).filter(({ first }) => first.rank > 1 && first.shape.at(-1)! > 1);
    const spans = shaped.map(({ first }) =>
      tf.tidy(() => first.max().sub(first.min()))
    );
    const values = await readScalars(spans);
    return shaped.filter((_, i) => values[i] === 0).map(({ name }) => name);
  }

  dispose(): void {
    tf.dispose(this.#first);
  }

  #assign(values: readonly tf.Tensor[]): void {
    this.#variables.forEach((variable, i) => variable.assign(values[i]));
  }
}
