import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { CyclicLR, getLearningRate, setLearningRate } from "@clr/clr";

await tf.setBackend("cpu");

/** One weight under a constant gradient: the change that a step at a rate makes. */
type UpdateRule = (gradient: number) => (learningRate: number) => number;

const EPSILON = 1e-7;

/** 1 − 0.999 (Adam's bias correction) keeps five digits in float32. */
const FLOAT32_TOLERANCE = 1e-5;

/**
 * The update rules as tfjs defines them, in plain numbers. (Its Adadelta
 * divides by the gradients accumulated up to the step before.)
 */
const OPTIMIZERS: Record<
  string,
  { create: () => tf.Optimizer; rule: UpdateRule }
> = {
  sgd: {
    create: () => tf.train.sgd(0.5),
    rule: (g) => (lr) => -lr * g,
  },
  momentum: {
    create: () => tf.train.momentum(0.5, 0.9),
    rule: (g) => {
      let v = 0;
      return (lr) => -lr * (v = 0.9 * v + g);
    },
  },
  nesterov: {
    create: () => tf.train.momentum(0.5, 0.9, true),
    rule: (g) => {
      let v = 0;
      return (lr) => {
        v = 0.9 * v + g;
        return -lr * (g + 0.9 * v);
      };
    },
  },
  adagrad: {
    create: () => tf.train.adagrad(0.5, 0.1),
    rule: (g) => {
      let sum = 0.1;
      return (lr) => {
        sum += g * g;
        return -lr * g / Math.sqrt(sum + EPSILON);
      };
    },
  },
  adadelta: {
    create: () => tf.train.adadelta(0.5, 0.95, 1e-3),
    rule: (g) => {
      let gradients = 0;
      let updates = 0;
      return (lr) => {
        const update = g * Math.sqrt(updates + 1e-3) /
          Math.sqrt(gradients + 1e-3);
        gradients = 0.95 * gradients + 0.05 * g * g;
        updates = 0.95 * updates + 0.05 * update * update;
        return -lr * update;
      };
    },
  },
  adam: {
    create: () => tf.train.adam(0.5),
    rule: (g) => {
      let m = 0;
      let v = 0;
      let t = 0;
      return (lr) => {
        t++;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        const corrected = m / (1 - 0.9 ** t);
        return -lr * corrected / (Math.sqrt(v / (1 - 0.999 ** t)) + EPSILON);
      };
    },
  },
  adamax: {
    create: () => tf.train.adamax(0.5),
    rule: (g) => {
      let m = 0;
      let u = 0;
      let t = 0;
      return (lr) => {
        t++;
        m = 0.9 * m + 0.1 * g;
        u = Math.max(0.999 * u, Math.abs(g));
        return -lr / (1 - 0.9 ** t) * m / (u + EPSILON);
      };
    },
  },
  rmsprop: {
    create: () => tf.train.rmsprop(0.5, 0.9, 0.8),
    rule: (g) => {
      let square = 0;
      let moment = 0;
      return (lr) => {
        square = 0.9 * square + 0.1 * g * g;
        moment = 0.8 * moment + lr * g / Math.sqrt(square + EPSILON);
        return -moment;
      };
    },
  },
};

for (const [name, { create, rule }] of Object.entries(OPTIMIZERS)) {
  Deno.test(`setLearningRate() takes effect in the next step of ${name}`, () => {
    const gradients = [0.5, -1.5];
    const expected = [1, -2];
    const weights = tf.variable(tf.tensor1d(expected));
    const optimizer = create();
    const rules = gradients.map(rule);
    for (const rate of [0.1, 0.025, 0.1]) {
      setLearningRate(optimizer, rate);
      assertEquals(getLearningRate(optimizer), rate);
      optimizer.minimize(() => weights.mul(gradients).sum().asScalar());
      rules.forEach((step, i) => expected[i] += step(rate));
      const actual = weights.dataSync();
      expected.forEach((value, i) =>
        assertAlmostEquals(actual[i], value, FLOAT32_TOLERANCE, `rate ${rate}`)
      );
    }
    optimizer.dispose();
    weights.dispose();
  });

  Deno.test(`setLearningRate() leaves no tensor behind with ${name}`, () => {
    const optimizer = create();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 10; i++) setLearningRate(optimizer, i / 10);
    assertEquals(tf.memory().numTensors, before);
    optimizer.dispose();
  });
}

Deno.test("setLearningRate() outlives a surrounding tidy", () => {
  const optimizer = tf.train.sgd(1);
  const weight = tf.variable(tf.scalar(1));
  tf.tidy(() => setLearningRate(optimizer, 0.25));
  optimizer.minimize(() => weight.asScalar());
  assertEquals(weight.dataSync()[0], 0.75);
  weight.dispose();
  optimizer.dispose();
});

Deno.test("setLearningRate() refuses rates that are not finite and >= 0", () => {
  const optimizer = tf.train.adam(0.5);
  for (const rate of [-1, NaN, Infinity]) {
    assertThrows(
      () => setLearningRate(optimizer, rate),
      RangeError,
      `current value is ${rate}`,
    );
  }
  assertEquals(getLearningRate(optimizer), 0.5);
  optimizer.dispose();
});

Deno.test("getLearningRate() names an object that has no learning rate", () => {
  const none = undefined as unknown as tf.Optimizer;
  assertThrows(() => getLearningRate(none), TypeError, "undefined");
  const model = tf.sequential() as unknown as tf.Optimizer;
  assertThrows(() => getLearningRate(model), TypeError, "Sequential");
  assertThrows(() => setLearningRate(model, 1), TypeError, "Sequential");
});

Deno.test("attach() of a model says to give its optimizer", () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  assertThrows(
    () => new CyclicLR().attach(model as never),
    TypeError,
    "must have a numeric learningRate: current value is Sequential without one; give its optimizer",
  );
});
