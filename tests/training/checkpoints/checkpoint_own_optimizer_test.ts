/** Checkpoints of optimizers of one's own, which keep their slots as they like. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects } from "@std/assert";
import { findLearningRate } from "@clr/clr";
import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
import { withFolder } from "../../_folder.ts";
import { createLine } from "../_line.ts";

/** A test as short as can be. */
const RATES = { startLr: 1e-3, endLr: 1e-2, iterations: 2 } as const;

type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];

/** Momentum whose slots are in an object, by the names of their variables. */
class ByName extends tf.Optimizer {
  protected learningRate = 0.05;
  protected readonly slots: Record<string, { readonly sum: tf.Tensor }> = {};

  static get className(): string {
    return "ByName";
  }

  override applyGradients(gradients: Gradients): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    for (const { name, tensor } of named) {
      const variable = tf.engine().registeredVariables[name];
      const before = this.slots[name]?.sum;
      const sum = tf.tidy(() =>
        before ? before.mul(0.9).add(tensor) : tensor.clone()
      );
      tf.tidy(() => variable.assign(variable.sub(sum.mul(this.learningRate))));
      before?.dispose();
      this.slots[name] = { sum: tf.keep(sum) };
    }
  }

  override getConfig() {
    return { learningRate: this.learningRate };
  }
}

/** Takes half the way that another optimizer takes. */
class Halfway extends tf.Optimizer {
  protected learningRate = 0.05;
  protected readonly inner = tf.train.adam(0.05);

  static get className(): string {
    return "Halfway";
  }

  override applyGradients(gradients: Gradients): void {
    const names = Array.isArray(gradients)
      ? gradients.map(({ name }) => name)
      : Object.keys(gradients);
    const variables = names.map((name) =>
      tf.engine().registeredVariables[name] as tf.Variable
    );
    const before = variables.map((variable) => tf.keep(variable.clone()));
    this.inner.applyGradients(gradients as tf.NamedTensorMap & never);
    variables.forEach((variable, i) =>
      tf.tidy(() => variable.assign(variable.add(before[i]).div(2)))
    );
    tf.dispose(before);
  }

  override getConfig() {
    return { learningRate: this.learningRate };
  }
}

Deno.test("Checkpoint.restore() gives slots that are kept by name to weights of other names", () =>
  withFolder(async (folder) => {
    const one = createLine(new ByName());
    const options = { batchSize: 4, verbose: 0, shuffle: false } as const;
    await one.model.fit(one.xs, one.ys, options);
    await saveCheckpoint(folder, { model: one.model });
    const other = createLine(new ByName());
    (await loadCheckpoint(folder))!.restore({ model: other.model });
    for (const { model, xs, ys } of [one, other]) {
      await model.fit(xs, ys, { ...options, epochs: 3 });
    }
    const [here, there] = [one, other].map(({ model }) =>
      model.getWeights().map((weight) => weight.arraySync())
    );
    assertEquals(there, here);
  }));

Deno.test("Checkpoint.restore() gives an optimizer within another its state, and the range test leaves it alone", () =>
  withFolder(async (folder) => {
    const one = createLine(new Halfway());
    const options = { batchSize: 4, verbose: 0, shuffle: false } as const;
    await one.model.fit(one.xs, one.ys, options);
    await saveCheckpoint(folder, { model: one.model });
    const other = createLine(new Halfway());
    (await loadCheckpoint(folder))!.restore({ model: other.model });
    await findLearningRate(
      other.model,
      { xs: other.xs, ys: other.ys },
      { ...RATES, batchSize: 4 },
    );
    for (const { model, xs, ys } of [one, other]) {
      await model.fit(xs, ys, { ...options, epochs: 3 });
    }
    const [here, there] = [one, other].map(({ model }) =>
      model.getWeights().map((weight) => weight.arraySync())
    );
    assertEquals(there, here);
  }));

class Inner extends tf.SGDOptimizer {
  #last: unknown;
  override applyGradients(gradients: Gradients): void {
    this.#last = gradients;
    super.applyGradients(gradients);
    if (this.#last === undefined) throw new Error("never");
  }
}

/** Optimizers whose state nobody else can read once they have taken a step. */
const HIDDEN: Record<string, () => tf.Optimizer> = {
  "optimizer/slots must keep tensors in a list or a plain object: current value is a Map":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly slots = new Map([["w", tf.scalar(1)]]);
      })(0.1),
  "optimizer/slots/w must keep tensors in a list or a plain object: current value is a Map":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly slots = { w: new Map<string, unknown>() };
        override applyGradients(gradients: Gradients): void {
          super.applyGradients(gradients);
          this.slots.w.set("sum", { variable: tf.variable(tf.scalar(1)) });
        }
      })(0.1),
  "optimizer/slot must keep tensors in a list or a plain object: current value is a Slot":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly slot = new (class Slot {
          readonly sum = [tf.scalar(1)];
        })();
      })(0.1),
  "optimizer/steps must keep numbers in a list or a plain object: current value is a Map":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly steps = new Map<string, number>();
        override applyGradients(gradients: Gradients): void {
          super.applyGradients(gradients);
          this.steps.set("w", 1 + (this.steps.get("w") ?? 0));
        }
      })(0.1),
  "optimizer/slots must keep what changes in a list or a plain object: current value is a WeakMap":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly slots = new WeakMap<object, tf.Tensor>();
      })(0.1),
  "optimizer must keep its state in a list or a plain object: current value is Counting with #steps, #sums":
    () =>
      new (class Counting extends tf.SGDOptimizer {
        #steps = 0;
        readonly #sums: tf.Tensor[] = [];
        override applyGradients(gradients: Gradients): void {
          super.applyGradients(gradients);
          this.#steps++;
          this.#sums.push(tf.scalar(this.#steps));
        }
      })(0.1),
  "optimizer/inner must keep its state in a list or a plain object: current value is Inner with #last":
    () =>
      new (class extends tf.SGDOptimizer {
        protected readonly inner = new Inner(0.1);
      })(0.1),
};

for (const [reason, create] of Object.entries(HIDDEN)) {
  Deno.test(`saveCheckpoint() and findLearningRate() refuse what they cannot reach: ${reason}`, () =>
    withFolder(async (folder) => {
      const { model, xs, ys } = createLine(create());
      await assertRejects(
        () => findLearningRate(model, { xs, ys }, RATES),
        TypeError,
        `Cannot find a learning rate as ${reason}`,
      );
      await model.fit(xs, ys, { verbose: 0 });
      await assertRejects(
        () => saveCheckpoint(folder, { model }),
        TypeError,
        `Cannot save a checkpoint as ${reason}`,
      );
      assertEquals(await loadCheckpoint(folder), undefined);
    }));
}

Deno.test("saveCheckpoint() and findLearningRate() take an optimizer with private methods, and private fields that stay as they are", () =>
  withFolder(async (folder) => {
    const optimizer = new (class extends tf.SGDOptimizer {
      readonly #names = new Set(["w"]);
      #factor;
      constructor() {
        super(0.1);
        this.#factor = this.#names.size / 2;
      }
      #scaled(tensor: tf.Tensor): tf.Tensor {
        // Not this.#factor = 3, and "#factor == 1".
        return this.#factor === 1 ? tensor : tensor.mul(this.#factor);
      }
      override applyGradients(gradients: Gradients): void {
        if (Array.isArray(gradients)) {
          const scaled = gradients.map(({ name, tensor }) => ({
            name,
            tensor: this.#scaled(tensor),
          }));
          super.applyGradients(scaled);
        } else super.applyGradients(gradients);
      }
    })();
    const { model, xs, ys } = createLine(optimizer);
    await findLearningRate(model, { xs, ys }, RATES);
    await saveCheckpoint(folder, { model });
  }));
