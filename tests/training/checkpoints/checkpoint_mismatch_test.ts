/** Models, optimizers and files that are not those which were saved. */

import * as tf from "@tensorflow/tfjs";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  CheckpointError,
  CycleSnapshots,
  ExponentialMovingAverage,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { sha256, toHex } from "../../../src/runtime/sha256.ts";
import { namesIn, tempDir, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

/** Square layers of those names, the i-th filled with i + 1. */
function createModel(
  names: readonly string[],
  optimizer: tf.Optimizer = tf.train.momentum(0.01, 0.9),
): tf.Sequential {
  const model = tf.sequential({
    layers: names.map((name, i) =>
      tf.layers.dense({
        name,
        units: 3,
        inputShape: [3],
        kernelInitializer: tf.initializers.constant({ value: i + 1 }),
      })
    ),
  });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

function kernels(model: tf.LayersModel): { [layer: string]: number } {
  return Object.fromEntries(
    model.layers.map((layer) => [
      layer.name,
      layer.getWeights()[0].dataSync()[0],
    ]),
  );
}

function dispose(...models: tf.LayersModel[]): void {
  for (const model of models) {
    model.optimizer.dispose();
    model.dispose();
  }
}

const SAVED = ["first", "second", "third"];

Deno.test("Checkpoint.restore() gives each layer its own weights in any order of the layers", () =>
  withFolder(async (folder) => {
    const saved = createModel(SAVED);
    await saveCheckpoint(folder, { model: saved });
    const checkpoint = (await loadCheckpoint(folder))!;
    for (
      const names of [
        ["third", "second", "first"],
        ["second", "third", "first"],
        ["first", "third", "second"],
      ]
    ) {
      const model = createModel(names);
      checkpoint.restore({ model });
      assertEquals(kernels(model), { first: 1, second: 2, third: 3 });
      dispose(model);
    }
    dispose(saved);
  }));

Deno.test("Checkpoint.restore() moves slots to their layers in another order", () =>
  withFolder(async (folder) => {
    const xs = tf.tensor2d([[1, 2, 3]]);
    const saved = createModel(SAVED);
    await saved.fit(xs, xs, { verbose: 0 });
    await saveCheckpoint(folder, { model: saved });
    const model = createModel(["third", "first", "second"]);
    (await loadCheckpoint(folder))!.restore({ model });
    // Kernel and bias of each layer, in the order of the layers.
    const slots = (model: tf.LayersModel) =>
      (model.optimizer as unknown as {
        accumulations: { variable: tf.Variable }[];
      }).accumulations.map(({ variable }) => [...variable.dataSync()]);
    const [a, b, c, d, e, f] = slots(saved);
    assertEquals(slots(model), [e, f, a, b, c, d]);
    xs.dispose();
    dispose(saved, model);
  }));

for (
  const [what, names, message] of [
    [
      "renamed",
      ["first", "other", "third"],
      "it lacks second/kernel, second/bias and it has other/kernel, other/bias besides",
    ],
    ["removed", ["first", "third"], "it lacks second/kernel, second/bias"],
    [
      "added",
      ["first", "second", "third", "fourth"],
      "it has fourth/kernel, fourth/bias besides",
    ],
    [
      "renamed in its case alone",
      ["first", "Second", "third"],
      "it lacks second/kernel, second/bias and it has Second/kernel, Second/bias besides",
    ],
  ] as const
) {
  Deno.test(`Checkpoint.restore() refuses a model with a layer ${what}, changing nothing`, () =>
    withFolder(async (folder) => {
      const saved = createModel(SAVED);
      const xs = tf.ones([1, 3]);
      await saved.fit(xs, xs, { verbose: 0 });
      await saveCheckpoint(folder, { model: saved, scheduler: new CyclicLR() });
      const model = createModel(names);
      const before = kernels(model);
      const scheduler = new CyclicLR({ stepSize: 5 });
      const state = scheduler.toJSON();
      const checkpoint = (await loadCheckpoint(folder))!;
      const error = assertThrows(
        () => checkpoint.restore({ model, scheduler }),
        CheckpointError,
        message,
      );
      assertEquals(error.message.split("\n").length, 1);
      assertEquals(kernels(model), before);
      assertEquals(scheduler.toJSON(), state);
      xs.dispose();
      dispose(saved, model);
    }));
}

const OPTIMIZERS: { readonly [name: string]: () => tf.Optimizer } = {
  SGD: () => tf.train.sgd(0.1),
  Momentum: () => tf.train.momentum(0.1, 0.9),
  Adam: () => tf.train.adam(0.1),
  RMSProp: () => tf.train.rmsprop(0.1),
  Adagrad: () => tf.train.adagrad(0.1),
};

for (const [saves, create] of Object.entries(OPTIMIZERS)) {
  Deno.test(`Checkpoint.restore() refuses a run of ${saves} in every other optimizer, but for its weights alone`, () =>
    withFolder(async (folder) => {
      const xs = tf.ones([1, 3]);
      const saved = createModel(["a"], create());
      await saved.fit(xs, xs, { verbose: 0 });
      await saveCheckpoint(folder, { model: saved });
      const checkpoint = (await loadCheckpoint(folder))!;
      for (const [resumes, createOther] of Object.entries(OPTIMIZERS)) {
        if (resumes === saves) continue;
        const model = createModel(["a"], createOther());
        const before = kernels(model);
        const tensors = tf.memory().numTensors;
        assertThrows(
          () => checkpoint.restore({ model }),
          CheckpointError,
          `the optimizer must be ${saves}: current value is ${resumes}`,
        );
        assertEquals(kernels(model), before);
        assertEquals(tf.memory().numTensors, tensors);
        checkpoint.restore({ model }, { optimizer: false });
        assertEquals(kernels(model), kernels(saved));
        // The optimizer that was left alone trains on.
        await model.fit(xs, xs, { verbose: 0 });
        dispose(model);
      }
      xs.dispose();
      dispose(saved);
    }));
}

Deno.test("loadCheckpoint() goes by the numbers, whatever times the files have", () =>
  withFolder(async (folder) => {
    const model = createModel(["a"]);
    const paths: string[] = [];
    for (const seed of [1, 2, 3]) {
      paths.push(
        await saveCheckpoint(folder, { model }, { data: seed, keep: 3 }),
      );
    }
    const turnAround = async () => {
      for (const [i, path] of paths.entries()) {
        const time = new Date(Date.UTC(2030 - i, 0, 1));
        for (const name of namesIn(path)) {
          await Deno.utime(`${path}/${name}`, time, time);
        }
        await Deno.utime(path, time, time);
      }
    };
    await turnAround();
    assertEquals((await loadCheckpoint(folder))!.data, 3);
    // The next one is the newest, and it is the oldest numbers that go.
    await saveCheckpoint(folder, { model }, { data: 4 });
    assertEquals(namesIn(folder), ["checkpoint-000003", "checkpoint-000004"]);
    assertEquals((await loadCheckpoint(folder))!.data, 4);
    dispose(model);
  }));

Deno.test("saveCheckpoint() goes on counting beyond six digits, and sorts by number", () =>
  withFolder(async (folder) => {
    const model = createModel(["a"]);
    const path = await saveCheckpoint(folder, { model }, { data: "old" });
    await Deno.rename(path, `${folder}/checkpoint-999999`);
    (await loadCheckpoint(folder))!.restore({ model });
    await saveCheckpoint(folder, { model }, { data: "new" });
    assertEquals(namesIn(folder), ["checkpoint-1000000", "checkpoint-999999"]);
    assertEquals((await loadCheckpoint(folder))!.data, "new");
    await saveCheckpoint(folder, { model }, { data: "newer" });
    assertEquals(namesIn(folder), ["checkpoint-1000000", "checkpoint-1000001"]);
    dispose(model);
  }));

Deno.test("CycleSnapshots refuse a model with a layer more or less, and so does a checkpoint of them", async () => {
  for (
    const [change, message] of [
      [
        (model: tf.Sequential) => model.pop(),
        "it lacks second/kernel, second/bias",
      ],
      [
        (model: tf.Sequential) =>
          model.add(tf.layers.dense({ name: "third", units: 3 })),
        "it has third/kernel, third/bias besides",
      ],
    ] as const
  ) {
    const model = createModel(["first", "second"]);
    await using folder = await tempDir();
    using snapshots = new CycleSnapshots(model);
    snapshots.take(1);
    change(model);
    const before = kernels(model);
    const xs = tf.ones([1, 3]);
    for (
      const error of [
        assertThrows(() => snapshots.useBest(), RangeError),
        assertThrows(() => snapshots.predict(xs), RangeError),
        await assertRejects(() => snapshots.average(), RangeError),
        await assertRejects(
          () => saveCheckpoint(folder.path, { model, snapshots }),
          RangeError,
        ),
      ]
    ) {
      assertStringIncludes(error.message, message);
    }
    assertEquals(kernels(model), before);
    assertEquals(namesIn(folder.path), []);
    xs.dispose();
    model.optimizer.dispose();
  }
});

Deno.test("CycleSnapshots give layers their own weights with all of them frozen after, and averages too", () =>
  withFolder(async (folder) => {
    const model = createModel(SAVED);
    using snapshots = new CycleSnapshots(model);
    using averages = new ExponentialMovingAverage(model);
    model.getLayer("second").trainable = false;
    snapshots.take(1);
    await saveCheckpoint(folder, { model, snapshots, averages });

    const other = createModel(["third", "first", "second"]);
    for (const layer of other.layers) layer.trainable = false;
    using itsSnapshots = new CycleSnapshots(other);
    using itsAverages = new ExponentialMovingAverage(other);
    (await loadCheckpoint(folder))!.restore({
      model: other,
      snapshots: itsSnapshots,
      averages: itsAverages,
    }, { optimizer: false });
    tf.tidy(() =>
      other.layers.forEach((layer) =>
        layer.setWeights([tf.zeros([3, 3]), tf.zeros([3])])
      )
    );
    itsSnapshots.useBest();
    assertEquals(kernels(other), { first: 1, second: 2, third: 3 });
    dispose(model, other);
  }));

Deno.test("saveCheckpoint() counts on past folders that are named much as its own", () =>
  withFolder(async (folder) => {
    const model = createModel(["a"]);
    const others = [
      "checkpoint-0000009",
      "checkpoint-",
      "checkpoint-00000a",
      "checkpoint--00001",
      "checkpoint-9007199254740991",
      "checkpoint-99999999999999999999",
    ];
    for (const name of others) await Deno.mkdir(`${folder}/${name}`);
    for (const seed of [1, 2, 3]) {
      await saveCheckpoint(folder, { model }, { data: seed });
    }
    assertEquals(
      namesIn(folder).filter((name) => !others.includes(name)),
      ["checkpoint-000002", "checkpoint-000003"],
    );
    const checkpoint = (await loadCheckpoint(folder))!;
    assertEquals([checkpoint.data, checkpoint.damaged], [3, []]);
    dispose(model);
  }));

Deno.test("loadCheckpoint() refuses the checkpoint of a newer release, and saveCheckpoint() leaves what it may need", () =>
  withFolder(async (folder) => {
    const model = createModel(["a"]);
    const scheduler = new LearningRateScheduler(() => 0.1)
      .attach(model.optimizer);
    scheduler.step({ loss: 1 });
    await saveCheckpoint(folder, { model, scheduler });
    const path = await saveCheckpoint(folder, { model, scheduler });
    const file = `${path}/checkpoint.json`;
    const { header } = JSON.parse(await Deno.readTextFile(file));
    const json = JSON.stringify({ ...header, version: 4, also: "this" });
    const sum = toHex(await sha256(json));
    await Deno.writeTextFile(
      file,
      `{"sha256":"${sum}","header":${json}}\n`,
    );
    await assertRejects(
      () => loadCheckpoint(folder),
      CheckpointError,
      `Cannot read ${path} as it must be of version 1 to 3: current value is 4, of a newer release`,
    );
    const history = namesIn(folder).filter((name) => name.endsWith(".bin"));
    const other = new LearningRateScheduler(() => 0.1).attach(model.optimizer);
    other.step({ loss: 2 });
    await saveCheckpoint(folder, { model, scheduler: other });
    assertEquals(
      namesIn(folder).filter((name) => history.includes(name)),
      history,
    );
    dispose(model);
  }));

Deno.test("loadCheckpoint() says that it wants the folder of checkpoints where it is given one of them", () =>
  withFolder(async (folder) => {
    const model = createModel(["a"]);
    const path = await saveCheckpoint(folder, { model });
    // As undefined, a run would begin anew.
    for (
      const call of [
        () => loadCheckpoint(path),
        () => saveCheckpoint(path, { model }),
      ]
    ) {
      await assertRejects(
        call,
        CheckpointError,
        `as it must be told the folder that they lie in: current value is ${path}, which is one of them`,
      );
    }
    dispose(model);
  }));
