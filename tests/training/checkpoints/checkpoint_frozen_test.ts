/** Runs that freeze and unfreeze layers, interrupted at every point. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { AdamW, loadCheckpoint, saveCheckpoint, SGDW } from "@clr/clr/training";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  momentum: () => tf.train.momentum(0.05, 0.9),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.05),
  adamax: () => tf.train.adamax(0.05, 0.9, 0.999),
  rmsprop: () => tf.train.rmsprop(0.05, 0.9, 0.5),
  AdamW: () => new AdamW(0.05),
  SGDW: () => new SGDW(0.05),
};

/** Which layers a phase trains. */
type Phase = readonly ("a" | "b" | "c")[];

const PHASES: readonly Phase[] = [
  ["a", "b", "c"],
  ["c"],
  ["b", "c"],
  ["a"],
  ["a", "b", "c"],
];

function setPhase(model: tf.LayersModel, phase: Phase): void {
  for (const { name } of model.layers) {
    model.getLayer(name).trainable = phase.some((trained) => trained === name);
  }
  model.compile({ optimizer: model.optimizer, loss: "meanSquaredError" });
}

function createModel(optimizer: tf.Optimizer, phase: Phase): tf.LayersModel {
  const model = tf.sequential({
    layers: ["a", "b", "c"].map((name, i) =>
      tf.layers.dense({
        name,
        units: 3,
        inputShape: [3],
        activation: "tanh",
        // tfjs takes a seed of 0 for none.
        kernelInitializer: tf.initializers.randomNormal({ seed: 1 + i }),
      })
    ),
  });
  model.compile({ optimizer, loss: "meanSquaredError" });
  setPhase(model, phase);
  return model;
}

async function train(model: tf.LayersModel, clr: CyclicLR): Promise<void> {
  const xs = tf.randomNormal([6, 3], 0, 1, "float32", 1);
  const ys = tf.tidy(() => xs.mul(2).sin());
  const settings = { epochs: 2, shuffle: false, verbose: 0 };
  await model.fit(xs, ys, { ...settings, callbacks: [clr] });
  tf.dispose([xs, ys]);
}

function weightsOf(model: tf.LayersModel): Record<string, number[]> {
  return Object.fromEntries(
    model.weights.map((weight) => [
      weight.originalName,
      [...weight.read().dataSync()],
    ]),
  );
}

function dispose(model: tf.LayersModel): void {
  model.optimizer.dispose();
  model.dispose();
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  Deno.test(`a run with ${name} that freezes layers and unfreezes them ends as one that is resumed in each phase`, () =>
    withFolder(async (folder) => {
      const clr = new CyclicLR({ baseLr: 0.01, maxLr: 0.05, stepSize: 3 });
      const whole = createModel(create(), PHASES[0]);
      let stopped = createModel(create(), PHASES[0]);
      let stoppedClr = new CyclicLR({
        baseLr: 0.01,
        maxLr: 0.05,
        stepSize: 3,
      });
      for (const [i, phase] of PHASES.entries()) {
        setPhase(whole, phase);
        await train(whole, clr);
        setPhase(stopped, phase);
        await train(stopped, stoppedClr);
        await saveCheckpoint(folder, { model: stopped, scheduler: stoppedClr });
        dispose(stopped);
        // Resumed by a model that trains what it did, or already what it will.
        const next = PHASES[i + 1] ?? phase;
        stopped = createModel(create(), i % 2 ? phase : next);
        stoppedClr = new CyclicLR();
        (await loadCheckpoint(folder))!.restore({
          model: stopped,
          scheduler: stoppedClr,
        });
        assertEquals(weightsOf(stopped), weightsOf(whole), `phase ${i}`);
      }
      dispose(whole);
      dispose(stopped);
    }));
}

Deno.test("a checkpoint of one of two models that share an optimizer has the slots of its own weights", () =>
  withFolder(async (folder) => {
    const optimizer = tf.train.momentum(0.05, 0.9);
    const clr = new CyclicLR({ baseLr: 0.01, maxLr: 0.05, stepSize: 3 });
    const [first, second] = [PHASES[0], PHASES[2]].map((phase) =>
      createModel(optimizer, phase)
    );
    await train(first, clr);
    await train(second, clr);
    await saveCheckpoint(folder, { model: second });
    const again = createModel(tf.train.momentum(0.05, 0.9), PHASES[2]);
    (await loadCheckpoint(folder))!.restore({ model: again });
    assertEquals(weightsOf(again), weightsOf(second));
    const rates = clr.toJSON();
    await train(second, CyclicLR.fromJSON(rates));
    await train(again, CyclicLR.fromJSON(rates));
    assertEquals(weightsOf(again), weightsOf(second));
    dispose(again);
    first.dispose();
    dispose(second);
  }));
