/** Checkpoints of optimizers of one's own, which keep their slots as they like. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects } from "@std/assert";
import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
import { withFolder } from "../../_folder.ts";
import { createLine } from "../_line.ts";

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

/** Keeps what no checkpoint can read. */
class ByMap extends tf.SGDOptimizer {
  protected readonly slots = new Map([["w", tf.scalar(1)]]);
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

Deno.test("saveCheckpoint() refuses an optimizer whose tensors it cannot reach", () =>
  withFolder(async (folder) => {
    const { model } = createLine(new ByMap(0.1));
    await assertRejects(
      () => saveCheckpoint(folder, { model }),
      TypeError,
      "optimizer/slots must keep tensors in a list or a plain object: current value is a Map",
    );
    assertEquals(await loadCheckpoint(folder), undefined);
  }));
