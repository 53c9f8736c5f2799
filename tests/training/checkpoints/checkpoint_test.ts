import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  combineCallbacks,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.05),
  adam: () => tf.train.adam(0.05),
  adamax: () => tf.train.adamax(0.05, 0.9, 0.999, undefined, 0.01),
  rmsprop: () => tf.train.rmsprop(0.05, 0.9, 0.5, undefined, true),
};

function createModel(optimizer: tf.Optimizer): tf.LayersModel {
  const initializer = tf.initializers.randomNormal({ seed: 3 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 4,
        inputShape: [3],
        activation: "tanh",
        kernelInitializer: initializer,
      }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 1, kernelInitializer: initializer }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

async function train(
  model: tf.LayersModel,
  clr: LearningRateScheduler,
  batches: number,
): Promise<void> {
  for (let i = 0; i < batches; i++) {
    const t = clr.totalIterations;
    const xs = tf.randomNormal<tf.Rank.R2>([5, 3], 0, 1, "float32", t + 1);
    const ys = tf.tidy(() => xs.sum(1, true).sin());
    clr.attach(model.optimizer);
    const loss = await model.trainOnBatch(xs, ys) as number;
    clr.step({ loss });
    tf.dispose([xs, ys]);
  }
}

function weightsOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function dispose(...models: tf.LayersModel[]): void {
  for (const model of models) {
    model.optimizer.dispose();
    model.dispose();
  }
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  Deno.test(`Checkpoint.restore() lets ${name} go on bit for bit`, () =>
    withFolder(async (folder) => {
      const options = { baseLr: 0.01, maxLr: 0.1, stepSize: 3 };
      const model = createModel(create());
      const clr = new CyclicLR(options);
      await train(model, clr, 4);
      await saveCheckpoint(folder, { model, scheduler: clr }, { data: [1] });
      await train(model, clr, 5);

      const again = createModel(create());
      const other = new CyclicLR();
      const checkpoint = await loadCheckpoint(folder);
      checkpoint!.restore({ model: again, scheduler: other });
      assertEquals(checkpoint!.data, [1]);
      assertEquals(checkpoint!.iteration, 4);
      await train(again, other, 5);
      assertEquals(weightsOf(again), weightsOf(model));
      assertEquals(other.toJSON(), clr.toJSON());

      // A restore also rewinds a run that went on, and leaves no tensor behind.
      const tensors = tf.memory().numTensors;
      checkpoint!.restore({ model, scheduler: clr });
      assertEquals(tf.memory().numTensors, tensors);
      await train(model, clr, 5);
      assertEquals(weightsOf(model), weightsOf(again));
      dispose(model, again);
    }));
}

Deno.test("saveCheckpoint() leaves no tensor behind and keeps the last two", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.adam(0.01));
    const clr = new CyclicLR();
    await train(model, clr, 1);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 4; i++) await saveCheckpoint(folder, { model });
    assertEquals(tf.memory().numTensors, before);
    assertEquals(namesIn(folder), ["checkpoint-000003", "checkpoint-000004"]);
    dispose(model);
  }));

Deno.test("loadCheckpoint() finds a file cut at every tenth and uses the one before", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.momentum(0.01, 0.9));
    const clr = new CyclicLR();
    await train(model, clr, 1);
    await saveCheckpoint(folder, { model, scheduler: clr });
    await train(model, clr, 1);
    const newest = await saveCheckpoint(folder, { model, scheduler: clr });
    for (const file of ["checkpoint.json", "tensors.safetensors"]) {
      const path = `${newest}/${file}`;
      const bytes = await Deno.readFile(path);
      for (let tenth = 0; tenth < 10; tenth++) {
        const length = Math.floor(bytes.length * tenth / 10);
        await Deno.writeFile(path, bytes.subarray(0, length));
        const checkpoint = await loadCheckpoint(folder);
        assertEquals(checkpoint?.iteration, 1);
        assertEquals(checkpoint?.damaged.map(({ path }) => path), [newest]);
        assertStringIncludes(checkpoint!.damaged[0].reason, file);
      }
      // One bit is enough.
      const flipped = bytes.slice();
      flipped[bytes.length >> 1] ^= 1;
      await Deno.writeFile(path, flipped);
      assertEquals((await loadCheckpoint(folder))?.iteration, 1);
      await Deno.remove(path);
      assertEquals((await loadCheckpoint(folder))?.iteration, 1);
      await Deno.writeFile(path, bytes);
      assertEquals((await loadCheckpoint(folder))?.iteration, 2);
    }
    dispose(model);
  }));

Deno.test("loadCheckpoint() says so when all are damaged, and gives nothing for none", () =>
  withFolder(async (folder) => {
    assertEquals(await loadCheckpoint(`${folder}/none`), undefined);
    const model = createModel(tf.train.sgd(0.1));
    const path = await saveCheckpoint(folder, { model });
    await Deno.truncate(`${path}/tensors.safetensors`, 10);
    const error = await assertRejects(
      () => loadCheckpoint(folder),
      CheckpointError,
      "tensors.safetensors has 10 bytes instead of",
    );
    assertMatch(error.message, /^Cannot resume from .* must be whole/);
    dispose(model);
  }));

Deno.test("saveCheckpoint() sweeps what a killed process left", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.sgd(0.1));
    await Deno.mkdir(`${folder}/checkpoint-000007.abc.part`);
    await Deno.writeTextFile(`${folder}/checkpoint-000007.abc.part/x`, "x");
    await saveCheckpoint(folder, { model });
    assertEquals(namesIn(folder), ["checkpoint-000001"]);
    dispose(model);
  }));

Deno.test("Checkpoint.restore() refuses what it does not fit, changing nothing", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.adam(0.1));
    await saveCheckpoint(folder, { model });
    const checkpoint = (await loadCheckpoint(folder))!;
    const other = createModel(tf.train.sgd(0.1));
    const before = weightsOf(other);
    assertThrows(
      () => checkpoint.restore({ model: other }),
      CheckpointError,
      "the optimizer must be Adam: current value is SGD",
    );
    const small = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
    });
    assertThrows(
      () => checkpoint.restore({ model: small }),
      TypeError,
      "the model must be compiled",
    );
    small.compile({ optimizer: "adam", loss: "meanSquaredError" });
    assertThrows(
      () => checkpoint.restore({ model: small }),
      CheckpointError,
      "it lacks batch_normalization_BatchNormalization1/gamma, ",
    );
    assertThrows(
      () => checkpoint.restore({ model, scheduler: new CyclicLR() }),
      CheckpointError,
      "must hold a schedule",
    );
    assertEquals(weightsOf(other), before);
    dispose(model, other, small);
  }));

Deno.test("saveCheckpoint() refuses the state of recurrent layers, which it lacks", () =>
  withFolder(async (folder) => {
    const model = tf.sequential({
      layers: [
        tf.layers.simpleRNN({
          units: 2,
          batchInputShape: [1, 3, 1],
          stateful: true,
        }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await assertRejects(
      () => saveCheckpoint(folder, { model }),
      TypeError,
      "must have no stateful recurrent layer",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    dispose(model);
  }));

Deno.test("Checkpointer saves every so many batches of fit()", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.adam(0.01));
    const clr = new CyclicLR({ stepSize: 4 });
    const xs = tf.ones([10, 3]);
    const ys = tf.zeros([10, 1]);
    const seen: (number | undefined)[] = [];
    await model.fit(xs, ys, {
      batchSize: 1,
      epochs: 1,
      verbose: 0,
      callbacks: combineCallbacks([
        clr,
        new Checkpointer(folder, {
          scheduler: clr,
          every: 3,
          data: () => ({ seed: clr.totalIterations }),
        }),
        {
          onBatchEnd: async () => {
            seen.push((await loadCheckpoint(folder))?.iteration);
          },
        },
      ]),
    });
    // deno-fmt-ignore
    assertEquals(seen, [undefined, undefined, 3, 3, 3, 6, 6, 6, 9, 9]);
    const checkpoint = (await loadCheckpoint(folder))!;
    assertEquals(checkpoint.data, { seed: 9 });
    const again = new LearningRateScheduler(clr.schedule);
    checkpoint.restore({ model, scheduler: again });
    assertEquals(again.history.lr, clr.history.lr.slice(0, 9));
    tf.dispose([xs, ys]);
    dispose(model);
  }));

Deno.test("Checkpointer refuses to stand before its scheduler", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.sgd(0.01));
    const clr = new CyclicLR();
    const xs = tf.ones([2, 3]);
    const ys = tf.zeros([2, 1]);
    const checkpointer = new Checkpointer(folder, { scheduler: clr, every: 1 });
    await assertRejects(
      () => model.fit(xs, ys, { verbose: 0, callbacks: [checkpointer, clr] }),
      TypeError,
      "pass callbacks: [scheduler, checkpointer]",
    );
    assertThrows(
      () => new Checkpointer(folder, { scheduler: clr, every: 0 }),
      RangeError,
      "every must be a whole number >= 1: current value is 0",
    );
  }));

Deno.test("saveCheckpoint() writes the safetensors layout", () =>
  withFolder(async (folder) => {
    const model = createModel(tf.train.momentum(0.01, 0.9));
    const clr = new CyclicLR();
    await train(model, clr, 2);
    const path = await saveCheckpoint(folder, { model, scheduler: clr });
    // Read as the format's documentation says, not with this package's reader.
    const bytes = await Deno.readFile(`${path}/tensors.safetensors`);
    const view = new DataView(bytes.buffer);
    const start = 8 + Number(view.getBigUint64(0, true));
    assertEquals(start % 8, 0);
    const header = JSON.parse(
      new TextDecoder().decode(bytes.subarray(8, start)),
    );
    let end = 0;
    for (const { dtype, shape, data_offsets } of Object.values<Entry>(header)) {
      const size = shape.reduce((a, b) => a * b, 1);
      assertEquals(data_offsets[0], end);
      end = data_offsets[1];
      assertEquals(end - data_offsets[0], size * (dtype === "F64" ? 8 : 4));
    }
    assertEquals(start + end, bytes.length);
    const [name] = Object.keys(header).filter((key) => key.includes("/kernel"));
    const at = start + header[name].data_offsets[0];
    const values = Array.from(
      { length: 12 },
      (_, i) => view.getFloat32(at + 4 * i, true),
    );
    assertEquals(values, weightsOf(model)[0]);
    assertNotEquals(values[0], 0);
    assert(Object.keys(header).every((key) => !key.startsWith("history/")));
    dispose(model);
  }));

for (const what of ["pipe", "folder"] as const) {
  for (const which of ["checkpoint.json", "tensors.safetensors"]) {
    Deno.test({
      name: `loadCheckpoint() passes over one whose ${which} is a ${what}`,
      ignore: Deno.build.os === "windows",
      fn: () =>
        withFolder(async (folder) => {
          const model = tf.sequential({
            layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
          });
          model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
          const older = await saveCheckpoint(folder, { model });
          const path = `${await saveCheckpoint(folder, { model })}/${which}`;
          await Deno.remove(path);
          if (what === "folder") await Deno.mkdir(path);
          else await new Deno.Command("mkfifo", { args: [path] }).output();
          const checkpoint = (await loadCheckpoint(folder))!;
          assertEquals(checkpoint.path, older);
          const [{ reason }] = checkpoint.damaged;
          assertEquals(reason, `${which} is no file`);
          model.optimizer.dispose();
          model.dispose();
        }),
    });
  }
}
