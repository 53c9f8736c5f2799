import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { ExponentialMovingAverage } from "@clr/clr/training";
import { createLine } from "../_line.ts";

Deno.test("ExponentialMovingAverage is the recurrence in doubles, over random weights and decays", () => {
  fc.assert(fc.property(
    fc.array(fc.float({ min: -8, max: 8, noNaN: true }), {
      minLength: 1,
      maxLength: 30,
    }),
    fc.double({ min: 0, max: 0.9999, noNaN: true }),
    fc.boolean(),
    (values, decay, warmup) => {
      const w = tf.variable(tf.scalar(values[0]));
      using ema = new ExponentialMovingAverage([w], { decay, warmup });
      let expected = values[0];
      values.forEach((value, i) => {
        w.assign(tf.scalar(value));
        ema.update();
        const t = i + 1;
        const d = warmup ? Math.min(decay, (1 + t) / (10 + t)) : decay;
        expected = d * expected + (1 - d) * value;
      });
      ema.swap();
      assertAlmostEquals(w.dataSync()[0], expected, 1e-5);
      ema.swap();
      assertEquals(w.dataSync()[0], values.at(-1));
      w.dispose();
    },
  ));
});

Deno.test("ExponentialMovingAverage follows fit() and leaves training as it is, bit for bit", async () => {
  const plain = createLine();
  const options = { epochs: 3, batchSize: 2, shuffle: false, verbose: 0 };
  await plain.model.fit(plain.xs, plain.ys, options);
  const { model, xs, ys } = createLine();
  using ema = new ExponentialMovingAverage(model, { decay: 0.5 });
  await model.fit(xs, ys, { ...options, callbacks: [ema] });
  const weights = () => model.getWeights().map((w) => [...w.dataSync()]);
  const own = weights();
  assertEquals(own, plain.model.getWeights().map((w) => [...w.dataSync()]));
  assert(ema.updates > 0);
  const averages = ema.use(weights);
  assert(averages.some((w, i) => w[0] !== own[i][0]));
  assertEquals(weights(), own);
});

Deno.test("ExponentialMovingAverage averages by variable, however layers are frozen meanwhile", () => {
  const layers = ["a", "b"].map((name, i) =>
    tf.layers.dense({
      name,
      units: 1,
      inputShape: [1],
      useBias: false,
      kernelInitializer: tf.initializers.constant({ value: i + 1 }),
    })
  );
  const model = tf.sequential({ layers });
  using ema = new ExponentialMovingAverage(model);
  layers[0].trainable = false;
  ema.update();
  ema.swap();
  assertEquals(layers.map((l) => l.getWeights()[0].dataSync()[0]), [1, 2]);
});

Deno.test("ExponentialMovingAverage.use() puts the weights back, whatever happens", async () => {
  const w = tf.variable(tf.scalar(1));
  using ema = new ExponentialMovingAverage([w], { decay: 0.5 });
  w.assign(tf.scalar(3));
  const value = () => w.dataSync()[0];
  assertEquals([ema.use(value), value()], [1, 3]);
  assertThrows(
    () =>
      ema.use(() => {
        throw new Error("inside");
      }),
    Error,
    "inside",
  );
  assertEquals(value(), 3);
  const later = ema.use(async () => {
    await Promise.resolve();
    return value();
  });
  assertEquals([value(), ema.inUse], [1, true]);
  assertThrows(() => ema.update(), TypeError, "swap() first");
  assertEquals(await later, 1);
  await assertRejects(() => ema.use(() => Promise.reject(new Error("later"))));
  assertEquals([value(), ema.inUse], [3, false]);
});

Deno.test("ExponentialMovingAverage holds the weights once and frees them", () => {
  const before = tf.memory().numTensors;
  const ones = tf.ones([3]);
  const w = tf.variable(ones);
  ones.dispose();
  {
    using ema = new ExponentialMovingAverage([w]);
    for (let i = 0; i < 5; i++) ema.update();
    ema.swap();
    ema.swap();
    assertEquals(tf.memory().numTensors, before + 2);
  }
  w.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("ExponentialMovingAverage refuses what it cannot average", () => {
  const w = tf.variable(tf.scalar(1));
  for (const decay of [-0.1, 1, NaN]) {
    assertThrows(
      () => new ExponentialMovingAverage([w], { decay }),
      RangeError,
      "decay must be >= 0 and < 1",
    );
  }
  assertThrows(() => new ExponentialMovingAverage([]), RangeError, "none");
  const count = tf.variable(tf.scalar(0, "int32"), false, "count");
  assertThrows(
    () => new ExponentialMovingAverage([w, count]),
    TypeError,
    "must be of float32: current value is count of int32",
  );
  const ema = new ExponentialMovingAverage([w]);
  ema[Symbol.dispose]();
  assertThrows(() => ema.update(), TypeError, "current value is disposed");
});

Deno.test("ExponentialMovingAverage refuses the fit() of a model whose weights it does not average", async () => {
  const { model } = createLine(tf.train.sgd(0.1));
  const other = createLine(tf.train.sgd(0.1));
  using averages = new ExponentialMovingAverage(model);
  await assertRejects(
    () =>
      other.model.fit(other.xs, other.ys, {
        verbose: 0,
        callbacks: [averages],
      }),
    TypeError,
    "Cannot average weights as they must be of the model that is trained",
  );
  // A part of a model's weights will do.
  const [kernel] = other.model.weights.map((weight) => weight.read());
  using some = new ExponentialMovingAverage([kernel as tf.Variable]);
  await other.model.fit(other.xs, other.ys, { verbose: 0, callbacks: [some] });
  assert(some.updates > 0);
});

Deno.test("ExponentialMovingAverage.use() keeps the averages until all calls that overlap are over", async () => {
  const w = tf.variable(tf.scalar(0));
  using ema = new ExponentialMovingAverage([w], { decay: 0.5, warmup: false });
  w.assign(tf.scalar(8));
  ema.update();
  const { promise: first, resolve: endFirst } = Promise.withResolvers<void>();
  const { promise: second, resolve: endSecond } = Promise.withResolvers<void>();
  const seen: number[] = [];
  const look = async (end: Promise<void>) => {
    await end;
    seen.push(w.dataSync()[0]);
  };
  const calls = [
    ema.use(() => look(first)),
    ema.use(() => look(second)),
    ema.use(async () => {
      await first;
      throw new Error("mine");
    }).catch(({ message }) => message),
  ];
  endFirst();
  assertEquals(await calls[2], "mine");
  await calls[0];
  assertEquals(ema.inUse, true);
  endSecond();
  await calls[1];
  assertEquals([...seen, w.dataSync()[0]], [4, 4, 8]);
  // Averages that swap() has put into the model stay.
  ema.swap();
  ema.use(() => seen.push(w.dataSync()[0]));
  assertEquals([seen.at(-1), w.dataSync()[0], ema.inUse], [4, 4, true]);
});
