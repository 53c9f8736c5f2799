import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type CustomTrainee,
  findLearningRate,
  getLearningRate,
  setLearningRate,
  type TensorPair,
} from "@clr/clr";
import { seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

Deno.test("findLearningRate() puts a second optimizer back that a loop steps", async () => {
  const w = tf.variable(tf.scalar(1), true, "trainees_w");
  const v = tf.variable(tf.scalar(1), true, "trainees_v");
  const [first, second] = [tf.train.adam(0.01), tf.train.adam(0.01)];
  const steps = () => [
    first.minimize(() => w.sub(3).square() as tf.Scalar, true, [w])!,
    second.minimize(() => v.sub(w).square() as tf.Scalar, true, [v])!,
  ];
  for (let i = 0; i < 2; i++) tf.dispose(steps());
  const state = async () => [
    w.dataSync()[0],
    v.dataSync()[0],
    ...(await second.getWeights()).map(({ tensor }) => tensor.dataSync()[0]),
  ];
  const before = await state();
  const trainee = {
    optimizer: first,
    variables: [w, v],
    trainOnBatch: () => {
      const [loss, other] = steps();
      other.dispose();
      return loss;
    },
  };
  const data = () => [{}];
  const range = await findLearningRate(
    { ...trainee, optimizers: [first, second] },
    data,
    { iterations: 40 },
  );
  assertEquals(range.losses.length > 10, true);
  assertEquals(await state(), before);
  await assertRejects(
    () => findLearningRate(trainee, data, { iterations: 40 }),
    Error,
    "a second optimizer goes into optimizers",
  );
  tf.dispose([w, v]);
  first.dispose();
  second.dispose();
});

Deno.test("findLearningRate() types the batches of a loop by the data", async () => {
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.sgd(0.1);
  const data = { xs: tf.ones([8, 1]), ys: tf.ones([8, 1]) };
  const range = await findLearningRate({
    optimizer,
    variables: [w],
    trainOnBatch: ({ xs, ys }) =>
      optimizer.minimize(
        () => xs.mul(w).sub(ys).square().mean() as tf.Scalar,
        true,
        [w],
      )!,
  }, data);
  assertEquals(range.learningRates.length > 0, true);
  const typed: CustomTrainee = {
    optimizer,
    variables: [w],
    trainOnBatch: ({ xs, ys }) =>
      optimizer.minimize(
        () =>
          (xs as tf.Tensor).mul(w).sub(ys as tf.Tensor).square()
            .mean() as tf.Scalar,
        true,
        [w],
      )!,
  };
  await findLearningRate(typed, data, { iterations: 12 });
  tf.dispose([w, data]);
  optimizer.dispose();
});

Deno.test("findLearningRate() says what a generator in place of a function is", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  function* batches() {
    yield { xs: tf.ones([2, 1]), ys: tf.ones([2, 1]) };
  }
  await assertRejects(
    () => findLearningRate(model, batches() as never),
    TypeError,
    "current value is a generator; write the function that makes it",
  );
  model.dispose();
});

Deno.test("findLearningRate() refuses validation data without end whose size is unknown", async () => {
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.sgd(0.1);
  function* endless() {
    while (true) yield {};
  }
  await assertRejects(
    () =>
      findLearningRate(
        {
          optimizer,
          variables: [w],
          trainOnBatch: () => 1,
          evaluateOnBatch: () => 1,
        },
        endless,
        { iterations: 12, validationData: endless },
      ),
    RangeError,
    "validationData must end",
  );
  w.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() sees that validation data end without evaluating all of them, once", async () => {
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.sgd(0.1);
  let evaluated = 0;
  let passes = 0;
  const trainee = {
    optimizer,
    variables: [w],
    trainOnBatch: () =>
      optimizer.minimize(() => w.sub(1).square() as tf.Scalar, true, [w])!,
    evaluateOnBatch: () => {
      evaluated++;
      return 1;
    },
  };
  const data = () => [{}];
  function* long(batches: number) {
    passes++;
    for (let i = 0; i < batches; i++) yield {};
  }
  await assertRejects(
    () =>
      findLearningRate(trainee, data, {
        iterations: 12,
        validationData: () => long(Infinity),
      }),
    RangeError,
    "validationData must end",
  );
  assertEquals(evaluated, 200);
  passes = 0;
  const range = await findLearningRate(trainee, data, {
    iterations: 12,
    validationData: () => long(300),
  });
  assertEquals(range.losses.length, 12);
  assertEquals(passes, 13);
  w.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() says that other optimizers drive a loss, which no rate is to blame for", async () => {
  for (const evaluates of [false, true]) {
    const w = tf.variable(tf.scalar(1));
    const v = tf.variable(tf.scalar(1));
    const [optimizer, rival] = [tf.train.sgd(0.01), tf.train.adam(0.1)];
    // What w makes small, v makes large, and faster.
    const loss = () => w.square().add(v.square()) as tf.Scalar;
    const range = await findLearningRate(
      {
        optimizer,
        optimizers: [rival],
        variables: [w, v],
        trainOnBatch: () => {
          rival.minimize(() => v.neg() as tf.Scalar, false, [v]);
          return optimizer.minimize(loss, true, [w])!;
        },
        ...(evaluates && { evaluateOnBatch: () => tf.tidy(loss) }),
      },
      () => [{}],
    );
    assertEquals(range.verdict, "driven", range.advice);
    assertEquals(range.remedies, [{ kind: "lower-other-rates" }]);
    assertEquals(range.baseLr, undefined);
    assertEquals([w.dataSync()[0], v.dataSync()[0]], [1, 1]);
    tf.dispose([w, v]);
    optimizer.dispose();
    rival.dispose();
  }
});

/** A loop that fits a slope, and what else it does after each step. */
async function findSlope(
  after: (optimizer: tf.Optimizer) => void,
  sign: 1 | -1 = 1,
) {
  const w = tf.variable(tf.scalar(1));
  const optimizer = tf.train.adam(0.01);
  const xs = tf.randomNormal([128, 1], 0, 1, "float32", 1);
  const ys = xs.mul(3);
  try {
    return await findLearningRate({
      optimizer,
      variables: [w],
      trainOnBatch: ({ xs, ys }) => {
        const loss = () => xs.mul(w).sub(ys).square().mean() as tf.Scalar;
        optimizer.minimize(() => loss().mul(sign), false, [w]);
        after(optimizer);
        return tf.tidy(loss);
      },
    }, { xs, ys });
  } finally {
    assertEquals(w.dataSync()[0], 1);
    assertEquals(getLearningRate(optimizer), 0.01);
    tf.dispose([w, xs, ys]);
    optimizer.dispose();
  }
}

Deno.test("findLearningRate() refuses a loop that sets the rate itself", async () => {
  await assertRejects(
    () => findSlope((optimizer) => setLearningRate(optimizer, 0.003)),
    TypeError,
    "trainOnBatch must leave the optimizer's rate as it is: current value is 0.003 after it was set to 0.00001",
  );
});

Deno.test("findLearningRate() asks whether the loss is lowered where it only rises", async () => {
  const { verdict, remedies } = await findSlope(() => {}, -1);
  assert(verdict !== "good");
  assert(remedies.some(({ kind }) => kind === "check-loss"));
});

Deno.test("findLearningRate() sees with evaluateOnBatch what noise hides of a loop, and asks for it", async () => {
  const random = seededRandom(8);
  const rows = Array.from({ length: 1500 }, () => [
    normal(random),
    normal(random),
  ]);
  const xs = tf.tensor2d(rows);
  // As much noise as the loss is of.
  const ys = tf.tensor2d(rows.map(([a]) => [a + 3 * normal(random)]));
  const w = tf.variable(tf.tensor2d([[0], [0]]));
  const optimizer = tf.train.rmsprop(0.001);
  const loss = ({ xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }) =>
    tf.losses.huberLoss(ys, xs.matMul(w)) as tf.Scalar;
  const trainee = {
    optimizer,
    variables: [w],
    trainOnBatch: (batch: TensorPair) =>
      optimizer.minimize(
        () => loss(batch as { xs: tf.Tensor; ys: tf.Tensor }),
        true,
        [w],
      )!,
  };
  const without = await findLearningRate(trainee, { xs, ys });
  assert(without.verdict !== "good", without.advice);
  assertEquals(without.remedies[0].kind, "add-evaluation", without.advice);
  const evaluateOnBatch = (batch: TensorPair) =>
    tf.tidy(() => loss(batch as { xs: tf.Tensor; ys: tf.Tensor }));
  const within = await findLearningRate({ ...trainee, evaluateOnBatch }, {
    xs,
    ys,
  });
  assertEquals(within.maxLr !== undefined, true, within.advice);
  tf.dispose([xs, ys, w]);
  optimizer.dispose();
});

Deno.test("findLearningRate() refuses text in place of numbers", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const data = {
    xs: tf.ones([4, 1]),
    ys: tf.tensor2d([["a"], ["b"], ["a"], ["b"]]),
  };
  await assertRejects(
    () => findLearningRate(model, data),
    TypeError,
    "ys of data must hold numbers: current value is a string tensor of shape [4,1]",
  );
  model.dispose();
  tf.dispose(data);
});
