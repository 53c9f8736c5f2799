/** Which saved weight goes into which weight: names decide, not places. */

import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { comparableNames } from "../../../src/tfjs/named_weights.ts";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function constant(value: number): ReturnType<typeof tf.initializers.constant> {
  return tf.initializers.constant({ value });
}

/** Layers of equal shape, each filled with a number of its own. */
function createPair(
  frozen: readonly string[],
  values: readonly [number, number] = [1, 2],
): tf.LayersModel {
  const model = tf.sequential({
    layers: ["a", "b"].map((name, i) =>
      tf.layers.dense({
        name,
        units: 3,
        inputShape: [3],
        kernelInitializer: constant(values[i]),
      })
    ),
  });
  for (const name of frozen) model.getLayer(name).trainable = false;
  model.compile({
    optimizer: tf.train.momentum(0.01, 0.9),
    loss: "meanSquaredError",
  });
  return model;
}

function firstOf(model: tf.LayersModel, layer: string): number {
  return model.getLayer(layer).getWeights()[0].dataSync()[0];
}

function dispose(...models: tf.LayersModel[]): void {
  for (const model of models) {
    model.optimizer.dispose();
    model.dispose();
  }
}

for (
  const [before, after] of [
    [["a"], []],
    [[], ["a"]],
    [["a"], ["b"]],
    [["a", "b"], []],
  ]
) {
  Deno.test(`Checkpoint.restore() gives each layer its own weights with [${before}] frozen before and [${after}] after`, () =>
    withFolder(async (folder) => {
      const saved = createPair(before);
      await saveCheckpoint(folder, { model: saved });
      const model = createPair(after, [0, 0]);
      (await loadCheckpoint(folder))!.restore({ model });
      assertEquals([firstOf(model, "a"), firstOf(model, "b")], [1, 2]);
      dispose(saved, model);
    }));
}

Deno.test("Checkpoint.restore() moves an optimizer's slots with their weights", () =>
  withFolder(async (folder) => {
    const xs = tf.ones([2, 3]);
    const first = createPair(["a"]);
    await first.fit(xs, xs, { verbose: 0 });
    await saveCheckpoint(folder, { model: first });
    const second = createPair([]);
    (await loadCheckpoint(folder))!.restore({ model: second });
    const slots = (model: tf.LayersModel) =>
      (model.optimizer as unknown as {
        accumulations: ({ variable: tf.Variable } | null)[];
      }).accumulations.map((slot) => slot && [...slot.variable.dataSync()]);
    const [kernel, bias] = slots(first);
    assertEquals(slots(second), [null, null, kernel, bias]);

    // What was not trained starts as in a first step, and training goes on.
    await second.fit(xs, xs, { verbose: 0 });
    assertEquals(slots(second).length, 4);

    // Back again: the slots of what is frozen now are kept behind the others.
    await saveCheckpoint(folder, { model: second });
    const third = createPair(["a"]);
    (await loadCheckpoint(folder))!.restore({ model: third });
    const [frozenKernel, frozenBias, ...trained] = slots(second);
    assertEquals(slots(third), [...trained, frozenKernel, frozenBias]);
    tf.dispose(xs);
    dispose(first, second, third);
  }));

/** A base within a model, and a head; as two programs would build them. */
function createTransfer(frozen: boolean): tf.LayersModel {
  const initializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const base = tf.sequential({
    name: "base",
    layers: [
      tf.layers.dense({
        name: "b1",
        units: 5,
        inputShape: [4],
        activation: "tanh",
        kernelInitializer: initializer(1),
      }),
      tf.layers.batchNormalization({ name: "norm" }),
    ],
  });
  const model = tf.sequential();
  model.add(base);
  model.add(tf.layers.dense({
    units: 1,
    kernelInitializer: initializer(2),
  }));
  for (const layer of base.layers) layer.trainable = !frozen;
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  return model;
}

Deno.test("two phases of transfer learning go through checkpoints, and agree with tfjs's own save and load", () =>
  withFolder(async (folder) => {
    const xs = tf.randomNormal([24, 4], 0, 1, "float32", 5);
    const ys = tf.tidy(() => xs.sum(1, true).sin());
    const fit = (
      model: tf.LayersModel,
      callbacks: tf.Callback[],
      epochs: number,
    ) =>
      model.fit(xs, ys, {
        batchSize: 6,
        epochs,
        shuffle: false,
        verbose: 0,
        callbacks,
      });

    const phase1 = createTransfer(true);
    const clr1 = new CyclicLR({ stepSize: 6 });
    const saver = new Checkpointer(folder, { scheduler: clr1, every: 4 });
    await fit(phase1, [clr1, saver], 3);

    const phase2 = createTransfer(false);
    const clr2 = new CyclicLR();
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore({ model: phase2, scheduler: clr2 }, {
      optimizer: false,
    });
    await fit(phase2, [clr2], 2);
    assertEquals(clr2.epochHistory.epochs, [1, 2, 3, 4, 5]);
    assertEquals(clr2.epochHistory.iterations, [4, 8, 12, 16, 20]);
    assertEquals(clr2.history.iterations.length, 20);

    // The other way: all weights by tfjs's files, the schedule by its JSON.
    let artifacts!: tf.io.ModelArtifacts;
    const again = createTransfer(true);
    checkpoint.restore({ model: again });
    await again.save(tf.io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({
        modelArtifactsInfo: {
          dateSaved: new Date(0),
          modelTopologyType: "JSON",
        },
      });
    }));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    const base = loaded.getLayer("base") as unknown as tf.LayersModel;
    for (const layer of base.layers) layer.trainable = true;
    loaded.compile({
      optimizer: tf.train.adam(0.01),
      loss: "meanSquaredError",
    });
    const clr3 = CyclicLR.fromJSON(JSON.stringify(clr1));
    await fit(loaded, [clr3], 2);
    assertEquals(clr3.history, clr2.history);
    assertEquals(
      loaded.getWeights().map((weight) => [...weight.dataSync()]),
      phase2.getWeights().map((weight) => [...weight.dataSync()]),
    );
    tf.dispose([xs, ys]);
    dispose(phase1, phase2, again, loaded);
  }));

Deno.test("Checkpoint.restore() goes on with a base that is no longer frozen", () =>
  withFolder(async (folder) => {
    const phase1 = createTransfer(true);
    await saveCheckpoint(folder, { model: phase1 });
    const phase2 = createTransfer(false);
    (await loadCheckpoint(folder))!.restore({ model: phase2 });
    const values = (model: tf.LayersModel) =>
      ["b1", "norm"].map((name) =>
        (model.getLayer("base") as unknown as tf.LayersModel).getLayer(name)
          .getWeights().map((weight) => [...weight.dataSync()])
      );
    assertEquals(values(phase2), values(phase1));
    dispose(phase1, phase2);
  }));

Deno.test("Checkpoint.restore() says which weights differ, and which layers were frozen", () =>
  withFolder(async (folder) => {
    const saved = createPair(["a"]);
    await saveCheckpoint(folder, { model: saved });
    const checkpoint = (await loadCheckpoint(folder))!;
    const create = (name: string, units: number) => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ name: "a", units: 3, inputShape: [3] }),
          tf.layers.dense({ name, units }),
        ],
      });
      model.compile({
        optimizer: tf.train.momentum(0.01, 0.9),
        loss: "meanSquaredError",
      });
      return model;
    };
    const renamed = create("c", 3);
    assertThrows(
      () => checkpoint.restore({ model: renamed }),
      CheckpointError,
      "it lacks b/kernel, b/bias and it has c/kernel, c/bias besides (frozen layers: a when it was saved, none now)",
    );
    const wider = create("b", 4);
    assertThrows(
      () => checkpoint.restore({ model: wider }),
      CheckpointError,
      "b/kernel must have shape [3,3]: current value is [3,4] (frozen layers: a when it was saved, none now)",
    );
    dispose(saved, renamed, wider);
  }));

Deno.test("comparableNames() takes the numbers of given names for ranks, and no others", () => {
  assertEquals(
    comparableNames([
      "dense_Dense7/kernel",
      "dense_Dense12/kernel",
      "conv2d_Conv2D3/bias",
      "layer2/kernel",
      "bidirectional_Bidirectional4/forward_lstm_LSTM9/kernel",
      "twice/kernel",
      "twice/kernel",
    ]),
    [
      "dense_Dense1/kernel",
      "dense_Dense2/kernel",
      "conv2d_Conv2D1/bias",
      "layer2/kernel",
      "bidirectional_Bidirectional1/forward_lstm_LSTM1/kernel",
      "twice/kernel",
      "twice/kernel#2",
    ],
  );
});

Deno.test("loadCheckpoint() reads a checkpoint of version 1, saved with a frozen layer", async () => {
  const folder = new URL("fixtures/checkpoint_v1", import.meta.url).pathname;
  const expected = JSON.parse(
    await Deno.readTextFile(`${folder}/expected.json`),
  );
  for (const frozen of [true, false]) {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          name: "body",
          units: 2,
          inputShape: [2],
          activation: "tanh",
        }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ name: "middle", units: 2 }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.getLayer("body").trainable = !frozen;
    model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
    const clr = new CyclicLR();
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore({ model, scheduler: clr });
    assertEquals(checkpoint.data, { seed: 7 });
    assertEquals(clr.history, expected.history);
    // The rates of epochs, which that version left out, are those of the batches.
    const { iterations } = clr.epochHistory;
    assertEquals(clr.epochHistory, {
      ...expected.epochHistory,
      lr: iterations.map((iteration) => clr.history.lr[iteration - 1]),
    });
    for (const weight of model.weights) {
      const name = weight.originalName.replace(/_[A-Z]\w*?\d+\//, "/");
      assertEquals([...weight.read().dataSync()], expected.weights[name]);
    }
    const moments = (model.optimizer as unknown as {
      accumulatedFirstMoment: ({ variable: tf.Variable } | null)[];
    }).accumulatedFirstMoment;
    assertEquals(
      moments.flatMap((slot) => slot ? [[...slot.variable.dataSync()]] : []),
      expected.slots.accumulatedFirstMoment,
    );
    assertEquals(moments.indexOf(null), frozen ? -1 : 0);
    const xs = tf.ones([4, 2]);
    const { history } = await model.fit(xs, tf.ones([4, 1]), {
      verbose: 0,
      callbacks: [clr],
    });
    assertAlmostEquals(clr.history.loss.at(-1)!, history.loss[0] as number);
    dispose(model);
  }
});

Deno.test("CyclicLR.fromJSON() reads the JSON of the first version", async () => {
  const path = new URL("fixtures/cyclic_lr_v1.json", import.meta.url);
  const text = await Deno.readTextFile(path);
  const saved = JSON.parse(text);
  const { iterations } = saved.epochHistory;
  const lr = iterations.map((iteration: number) =>
    saved.history.lr[iteration - 1]
  );
  assertEquals(JSON.parse(JSON.stringify(CyclicLR.fromJSON(text))), {
    ...saved,
    options: { ...saved.options, cycleFactor: 1 },
    epochHistory: { ...saved.epochHistory, lr },
  });
});
