import * as tf from "@tensorflow/tfjs";
import { disposeWithin, type Holder, isHolder } from "../../tfjs/holder.ts";
import { trainingFields } from "../../tfjs/training_fields.ts";
import type { LayersModel, Optimizer, Tensor } from "../../tfjs/types.ts";
import { variableOf } from "../../tfjs/trained_weights.ts";

/** What trains: a compiled model, or an optimizer and what it changes. */
export type SnapshotSubject = LayersModel | {
  /** The optimizer, with all of its slots. */
  readonly optimizer: Optimizer;
  /** The variables that training changes. */
  readonly variables: readonly tf.Variable[];
};

/**
 * Restoring takes two rounds, as one tensor may be held in several places: what
 * is new is disposed everywhere before anything is put back.
 */
interface Saved {
  /** Disposes what took the place of what was saved, but what was moved there. */
  discard(saved: ReadonlySet<unknown>): void;
  /** Puts back what was saved; may run any number of times. */
  restore(): void;
  /** The variables that were saved. */
  variables(): unknown[];
}

/** A property as it was: restores the value and what the value holds. */
class SavedProperty implements Saved {
  #value: unknown;
  readonly #contents: Saved | undefined;
  readonly #copy: Tensor | undefined;

  constructor(
    readonly holder: Holder,
    readonly key: string,
    held: Tensor[],
  ) {
    const value = this.#value = holder[key];
    if (value instanceof tf.Variable) {
      this.#contents = new SavedVariable(value, held);
    } else if (value instanceof tf.Tensor) {
      this.#copy = hold(value, held);
    } else if (isHolder(value)) {
      this.#contents = new SavedObject(value, held);
    }
  }

  variables(): unknown[] {
    return this.#contents?.variables() ?? [];
  }

  discard(saved: ReadonlySet<unknown>): void {
    const current = this.holder[this.key];
    if (current !== this.#value) disposeWithin(current, saved);
    this.#contents?.discard(saved);
  }

  restore(): void {
    // The optimizer disposes a cached constant when it caches another.
    if (this.#copy && (this.#value as Tensor).isDisposed) {
      this.#value = tf.keep(this.#copy.clone());
    }
    if (this.holder[this.key] !== this.#value) {
      this.holder[this.key] = this.#value;
    }
    this.#contents?.restore();
  }
}

class SavedVariable implements Saved {
  readonly #copy: Tensor;

  constructor(readonly variable: tf.Variable, held: Tensor[]) {
    this.#copy = hold(variable, held);
  }

  variables(): unknown[] {
    return [this.variable];
  }

  // Assigning frees what it replaces.
  discard(): void {}

  restore(): void {
    this.variable.assign(this.#copy);
  }
}

/** An array or plain object: what was added since is disposed and removed. */
class SavedObject implements Saved {
  readonly #properties: Map<string, SavedProperty>;

  constructor(
    readonly holder: Holder,
    held: Tensor[],
    keys: readonly string[] = Object.keys(holder),
  ) {
    this.#properties = new Map(
      keys.map((key) => [key, new SavedProperty(holder, key, held)]),
    );
  }

  variables(): unknown[] {
    return [...this.#properties.values()].flatMap((property) =>
      property.variables()
    );
  }

  discard(saved: ReadonlySet<unknown>): void {
    for (const key of Object.keys(this.holder)) {
      const property = this.#properties.get(key);
      if (property) property.discard(saved);
      else disposeWithin(this.holder[key], saved);
    }
  }

  restore(): void {
    for (const key of Object.keys(this.holder)) {
      if (!this.#properties.has(key)) delete this.holder[key];
    }
    if (Array.isArray(this.holder)) this.holder.length = this.#properties.size;
    for (const property of this.#properties.values()) property.restore();
  }
}

/** A clone shares the data until the original changes: it costs no copy. */
function hold(tensor: Tensor, held: Tensor[]): Tensor {
  const clone = tf.keep(tensor.clone());
  held.push(clone);
  return clone;
}

/**
 * Everything that training changes, as it was when this was made: weights and
 * the statistics of normalization layers, every slot, step count and cached
 * constant of the optimizer (also those that do not exist before the first
 * step), its rate and momentum, the states of stateful recurrent layers, and
 * what `fit` leaves on the model.
 *
 * Making one copies nothing: tensors share their data until training replaces
 * them. The optimizer is restored field by field, as `getWeights` and
 * `setWeights` lose parts of most optimizers and throw for Adamax.
 */
export class TrainingSnapshot implements Disposable {
  readonly #saved: Saved[] = [];
  readonly #held: Tensor[] = [];

  /** Takes the snapshot. */
  constructor(subject: SnapshotSubject) {
    const held = this.#held;
    const { optimizer } = subject;
    const isModel = subject instanceof tf.LayersModel;
    const variables = isModel
      ? subject.weights.map(variableOf)
      : subject.variables;
    for (const variable of new Set(variables)) {
      this.#saved.push(new SavedVariable(variable, held));
    }
    this.#saved.push(new SavedObject(optimizer, held));
    if (!isModel) return;
    for (const { holder, keys } of trainingFields(subject)) {
      for (const key of keys) {
        this.#saved.push(new SavedProperty(holder, key, held));
      }
    }
  }

  /**
   * Puts everything back. The snapshot stays valid: it can be restored again
   * after more training.
   */
  restore(): void {
    // Slots change places where other weights are trained.
    const variables = new Set(
      this.#saved.flatMap((saved) => saved.variables()),
    );
    for (const saved of this.#saved) saved.discard(variables);
    for (const saved of this.#saved) saved.restore();
  }

  /** Frees what the snapshot holds, without restoring it. */
  [Symbol.dispose](): void {
    tf.dispose(this.#held);
    this.#held.length = 0;
    this.#saved.length = 0;
  }
}
