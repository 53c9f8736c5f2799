import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import type {
  BatchDataset,
  TrainingData,
} from "../../src/finder/data/training_data.ts";
import { linearData, linearModel, scoped } from "./_linear.ts";

await tf.setBackend("cpu");

Deno.test("findLearningRate() takes several inputs and outputs, by name or in order", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const create = () => {
      const [a, b] = ["a", "b"].map((name) => tf.input({ shape: [4], name }));
      const layer = (name: string) =>
        tf.layers.dense({ units: 1, name, kernelInitializer: "zeros" });
      const both = tf.layers.add().apply([a, b]) as tf.SymbolicTensor;
      const model = tf.model({
        inputs: [a, b],
        outputs: ["sum", "difference"].map((name) =>
          layer(name).apply(both) as tf.SymbolicTensor
        ),
      });
      model.compile({
        optimizer: tf.train.sgd(0.01),
        loss: "meanSquaredError",
      });
      return model;
    };
    const options = { iterations: 30, startLr: 1e-3, batchSize: 8 };
    const inOrder = await findLearningRate(
      create(),
      { xs: [xs, xs], ys: [ys, ys.neg()] },
      options,
    );
    const byName = await findLearningRate(
      create(),
      { xs: { b: xs, a: xs }, ys: { difference: ys.neg(), sum: ys } },
      options,
    );
    assertEquals(byName.losses, inOrder.losses);
    assertEquals(Object.keys(inOrder.metrics), ["sum_loss", "difference_loss"]);
    const [sum, difference] = Object.values(inOrder.metrics);
    assertAlmostEquals(sum[5] + difference[5], inOrder.losses[5], 1e-4);

    const validated = await findLearningRate(
      create(),
      { xs: [xs, xs], ys: [ys, ys.neg()] },
      { ...options, validationData: { xs: [xs, xs], ys: [ys, ys.neg()] } },
    );
    assertAlmostEquals(
      validated.losses[5],
      validated.metrics.sum_loss[5] + validated.metrics.difference_loss[5],
      1e-4,
    );
  }));

Deno.test("findLearningRate() takes generators, async generators, arrays and Datasets of batches", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const batch = (start: number) => ({
      xs: xs.slice(start, 8),
      ys: ys.slice(start, 8),
    });
    const starts = [0, 8, 16, 24];
    const options = { iterations: 12, startLr: 1e-3, batchSize: 8 };
    const array = starts.map(batch);
    let opened = 0;
    const kinds = {
      generator: function* () {
        opened++;
        yield* starts.map(batch);
      },
      async: async function* () {
        for (const start of starts) yield await Promise.resolve(batch(start));
      },
      array: () => array,
      Dataset: tf.data.generator(() => starts.map(batch).values()),
    };
    const losses: (readonly number[])[] = [];
    for (const data of Object.values(kinds)) {
      const { losses: found } = await findLearningRate(
        linearModel(),
        data,
        options,
      );
      losses.push(found);
    }
    assertEquals(losses[0].length, 12);
    for (const other of losses) assertEquals(other, losses[0]);
    // Four batches: the data start over twice.
    assertEquals(opened, 3);
    assert(array.every(({ xs }) => !xs.isDisposed));
  }));

Deno.test("findLearningRate() closes the iterable it stops reading", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    let closed = false;
    await findLearningRate(
      linearModel(),
      function* () {
        try {
          while (true) yield { xs: xs.clone(), ys: ys.clone() };
        } finally {
          closed = true;
        }
      },
      { iterations: 3 },
    );
    assert(closed);
  }));

Deno.test("findLearningRate() says what wrong data are and what to write, without their values", () =>
  scoped(async () => {
    const { xs, ys } = linearData(16);
    const rows = {
      xs: tf.data.array(xs.arraySync()),
      ys: tf.data.array(ys.arraySync()),
    };
    const own = { xs: xs.clone(), ys: ys.clone() };
    const used = (function* () {
      while (true) yield { xs: xs.clone(), ys: ys.clone() };
    })();
    const pair = "an array of 2 [a float32 tensor of shape [16,4], " +
      "a float32 tensor of shape [16,1]]; write { xs, ys } for [xs, ys]";
    const model = linearModel();
    for (
      const [data, message, repeats = 1] of [
        [
          { xs: [[1, 2, 3, 4]], ys: [[1]] },
          "xs of data must be a tensor, or an array or record of tensors: " +
          "current value is an array of 1 [an array of 4 numbers]; make " +
          "tensors with tf.tensor",
        ],
        [{ x: xs, y: ys }, "write { xs, ys } for { x, y }"],
        [
          Promise.resolve({ xs, ys }),
          "current value is a Promise, which wants an await",
        ],
        [[xs, ys], pair],
        [function* () {
          while (true) yield [xs.clone(), ys.clone()];
        }, pair],
        [function* () {
          yield { xs: [[1, 2, 3, 4]], ys: [[1]] };
        }, "an array of 1 [an array of 4 numbers]; make tensors"],
        [tf.data.zip(rows), "an array of 4 numbers; call .batch(batchSize)"],
        [
          tf.data.generator(function* () {
            yield { xs: tf.ones([4]), ys: tf.ones([1]) };
          }),
          "the shape [examples, 4]: current value is a float32 tensor of " +
          "shape [4]; call .batch(batchSize)",
        ],
        [
          tf.data.zip([rows.xs, rows.ys]).batch(8),
          "make the Dataset with tf.data.zip({ xs, ys })",
        ],
        [function* () {
          while (true) yield own;
        }, "{ xs: a disposed tensor, ys: a disposed tensor }; yield fresh"],
        [own, "xs of data must be a tensor"],
        [
          { xs: [xs, xs], ys },
          /a tensor for each of dense_.*_input: current value is an array of 2/,
        ],
        [{ xs, ys: [] }, "ys of data must be a tensor"],
        [() => used, "a fresh iterable each time", 2],
      ] as [TrainingData, string | RegExp, number?][]
    ) {
      const { numTensors } = tf.memory();
      const error = await assertRejects(
        () => findLearningRate(model, data, { iterations: 3, repeats }),
        TypeError,
      );
      if (typeof message === "string") {
        assertStringIncludes(error.message, message);
      } else assertMatch(error.message, message);
      assert(error.message.length < 400, error.message);
      // The tensors that were yielded are gone, as after any test.
      assertEquals(
        tf.memory().numTensors,
        numTensors - (`${message}`.includes("yield") ? 2 : 0),
        `${message}`,
      );
    }
    await assertRejects(
      () => findLearningRate({ fit: 1 } as unknown as tf.LayersModel, own),
      TypeError,
      "current value is { fit: 1 }",
    );
  }));

Deno.test("findLearningRate() takes a function that returns a Dataset, and leaves one's own as it was", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const rows = [xs.arraySync(), ys.arraySync()];
    const create = () =>
      tf.data.zip({ xs: tf.data.array(rows[0]), ys: tf.data.array(rows[1]) })
        .shuffle(32, "seed").batch(8) as unknown as BatchDataset;
    const order = async (dataset: BatchDataset) => {
      const { value } = await (await dataset.iterator()).next();
      return Array.from((value.ys as tf.Tensor).dataSync());
    };
    let created = 0;
    const { losses } = await findLearningRate(linearModel(), () => {
      created++;
      return create();
    }, { iterations: 12 });
    assertEquals(created, 1);
    const mine = create();
    const given = await findLearningRate(linearModel(), mine, {
      iterations: 12,
    });
    assertEquals(losses, given.losses);
    assertEquals(await order(create()), await order(create()));
    // What the documentation excepts from leaving no trace.
    assert((await order(mine)).join() !== (await order(create())).join());
  }));

Deno.test("findLearningRate() says what text and columns in batches are", async () => {
  const columns = tf.data.array([
    { xs: { a: 1, b: 2 }, ys: { price: 3 } },
    { xs: { a: 2, b: 3 }, ys: { price: 4 } },
  ] as never);
  const texts = tf.data.array([{ xs: [1, 2], ys: "cat" }] as never);
  for (
    const [data, said] of [
      [
        columns.batch(2),
        "must have a tensor for each of x: current value is { a: a float32 tensor of shape [2], b: a float32 tensor of shape [2] }; make one tensor of the columns before they are batched",
      ],
      [
        texts.batch(1),
        "ys of each of data must hold numbers: current value is a string tensor of shape [1]; give classes by their indices, or one-hot",
      ],
    ] as const
  ) {
    const input = tf.input({ name: "x", shape: [2] });
    const model = tf.model({
      inputs: input,
      outputs: tf.layers.dense({ units: 1 }).apply(input) as tf.SymbolicTensor,
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await assertRejects(
      () => findLearningRate(model, data as unknown as TrainingData),
      TypeError,
      said,
    );
  }
});

Deno.test("findLearningRate() takes batches that their generator disposes when it goes on", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const before = tf.memory().numTensors;
  const range = await findLearningRate(model, function* () {
    for (let i = 0; i < 20; i++) {
      const xs = tf.randomNormal([32, 2], 0, 1, "float32", i);
      const batch = { xs, ys: xs.sum(1, true) };
      yield batch;
      tf.dispose([batch.xs, batch.ys]);
    }
  });
  assert(range.trials, range.advice);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("findLearningRate() says what a Dataset is whose rows do not fit together", async () => {
  // As tfjs fails on WASM, once it reads rows of several lengths.
  const fails = (error: Error): BatchDataset => ({
    iterator: () => Promise.resolve({ next: () => Promise.reject(error) }),
  });
  await assertRejects(
    () =>
      findLearningRate(
        linearModel(),
        fails(new RangeError("Invalid typed array length: 512")),
      ),
    TypeError,
    "the rows of data must be { xs, ys }, each of one shape: current value is a Dataset whose rows tfjs cannot put together",
  );
  const own = new RangeError("of one's own");
  await assertRejects(
    () => findLearningRate(linearModel(), fails(own)),
    RangeError,
    own.message,
  );
});
