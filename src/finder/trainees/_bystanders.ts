import * as tf from "@tensorflow/tfjs";
import type { Optimizer } from "../../tfjs/types.ts";
import { watchOptimizers } from "../../tfjs/watch_optimizers.ts";
import { scoped } from "../../runtime/scoped.ts";
import { isHolder } from "../../tfjs/holder.ts";
import { TrainingSnapshot } from "../../training/weights/snapshot.ts";
import { disposeBatch } from "../data/tensor_tree.ts";

/** A variable that is not the trainee's, as it was. */
interface Bystander {
  readonly variable: tf.Variable;
  /** Whose data these are: assigning a variable gives it others. */
  readonly dataId: object;
  /**
   * Holds the data. Where nothing else does, a fused update writes over them,
   * and the variable would look as if nothing had happened.
   */
  readonly copy: tf.Tensor;
}

/** What the trainee says that it changes. */
interface Listed {
  readonly variables: readonly tf.Variable[];
  readonly optimizers: readonly Optimizer[];
}

/**
 * All that a training step must leave alone: variables that the trainee does not
 * list, and optimizers. What a step changes among them is put back, and told.
 */
export class Bystanders implements Disposable {
  readonly #listed: Listed;
  readonly #others = new Map<string, Bystander>();
  /** Optimizers that are not listed, as they were before they did anything. */
  readonly #strangers = new Map<Optimizer, TrainingSnapshot>();

  constructor(listed: Listed) {
    this.#listed = listed;
  }

  /**
   * Takes a step.
   *
   * @throws {Error} If it changed what is not listed.
   */
  async during<T>(step: () => T | Promise<T>): Promise<T> {
    this.#refresh();
    const stepped = new Set<Optimizer>();
    const given = scoped((own) => {
      own(watchOptimizers({
        computes: (optimizer) => this.#meet(optimizer),
        stepped: (optimizer) => {
          if (this.#meet(optimizer)) stepped.add(optimizer);
        },
      }));
      return step();
    });
    // What a loop does at once, nothing else can get in between.
    const result = given instanceof Promise ? await given : given;
    const fault = this.#putBack(stepped);
    this.#forgetStrangers();
    if (fault === undefined) return result;
    disposeBatch(result);
    throw new Error(`Cannot leave no trace as ${fault}`);
  }

  [Symbol.dispose](): void {
    tf.dispose(Array.from(this.#others.values(), ({ copy }) => copy));
    this.#others.clear();
    this.#forgetStrangers();
  }

  #forgetStrangers(): void {
    for (const snapshot of this.#strangers.values()) {
      snapshot[Symbol.dispose]();
    }
    this.#strangers.clear();
  }

  /** Takes an optimizer down that is not listed; whether it is none that is. */
  #meet(optimizer: Optimizer): boolean {
    if (this.#listed.optimizers.includes(optimizer)) return false;
    if (!this.#strangers.has(optimizer)) {
      this.#strangers.set(
        optimizer,
        new TrainingSnapshot({ optimizer, variables: [] }),
      );
    }
    return true;
  }

  /** The variables that the trainee lists, and those of its optimizers. */
  #known(): Set<unknown> {
    const known = new Set<unknown>(this.#listed.variables);
    for (const optimizer of this.#listed.optimizers) {
      addVariables(optimizer, known);
    }
    return known;
  }

  /** All as it is now: whatever else runs may change it between steps. */
  #refresh(): void {
    const registered = tf.engine().registeredVariables;
    for (const [name, { variable, copy }] of this.#others) {
      if (registered[name] === variable) continue;
      copy.dispose();
      this.#others.delete(name);
    }
    const known = this.#known();
    for (const [name, variable] of Object.entries(registered)) {
      if (known.has(variable)) continue;
      const other = this.#others.get(name);
      if (other?.dataId === variable.dataId) continue;
      other?.copy.dispose();
      this.#others.set(name, {
        variable,
        dataId: variable.dataId,
        copy: tf.keep(variable.clone()),
      });
    }
  }

  /** What a step did beyond what is listed; it is put back. */
  #putBack(stepped: ReadonlySet<Optimizer>): string | undefined {
    const slots = new Set<unknown>();
    for (const optimizer of stepped) addVariables(optimizer, slots);
    const changed = [...this.#others.values()].filter(({ variable, dataId }) =>
      !variable.isDisposed && variable.dataId !== dataId
    );
    const made = this.#newVariables();
    for (const optimizer of stepped) this.#strangers.get(optimizer)!.restore();
    for (const { variable, copy } of changed) variable.assign(copy);
    const unlisted = [
      ...Array.from(stepped, (optimizer) => `the ${classOf(optimizer)}`),
      ...changed.filter(({ variable }) => !slots.has(variable))
        .map(({ variable }) => nameOf(variable)),
    ];
    if (unlisted.length > 0) {
      const lists = [
        ...(unlisted.length > stepped.size ? ["variables"] : []),
        ...(stepped.size > 0 ? ["optimizers"] : []),
      ];
      return `${
        lists.join(" and ")
      } must list all that trainOnBatch changes: current value is without ${
        unlisted.join(", ")
      }; a second optimizer goes into optimizers`;
    }
    if (made.length === 0) return;
    return `trainOnBatch must make no variable that outlives it: current value is ${
      made.map(nameOf).join(", ")
    }; make it before the test, and list it`;
  }

  #newVariables(): tf.Variable[] {
    const registered = Object.values(tf.engine().registeredVariables);
    const known = this.#known();
    return registered.filter((variable) =>
      !known.has(variable) && !this.#others.has(variable.name)
    );
  }
}

/** A variable by its name, or by its shape where tfjs has only numbered it. */
function nameOf({ name, shape }: tf.Variable): string {
  return /^\d+$/.test(name)
    ? `a variable without a name of shape [${shape}]`
    : `"${name}"`;
}

/** Such as `Adam optimizer`. */
function classOf(optimizer: Optimizer): string {
  const name = optimizer.getClassName?.() ?? optimizer.constructor.name;
  return `${name} optimizer`;
}

/** Adds the variables that an optimizer keeps in its fields. */
function addVariables(holder: object, found: Set<unknown>): void {
  for (const value of Object.values(holder)) {
    if (value instanceof tf.Variable) found.add(value);
    else if (isHolder(value)) addVariables(value, found);
  }
}
