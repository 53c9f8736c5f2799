import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type SolverName, SOLVERS } from "../../../examples/paper/solvers.ts";

await tf.setBackend("cpu");

type Rule = (gradient: number, t: number) => number;

/** Caffe's update of one weight, in doubles: what is subtracted, over the rate. */
const RULES: Record<string, () => Rule> = {
  momentum: () => {
    let velocity = 0;
    return (g) => velocity = 0.9 * velocity + g;
  },
  nesterov: () => {
    let velocity = 0;
    return (g) => {
      const before = velocity;
      velocity = 0.9 * velocity + g;
      return 1.9 * velocity - 0.9 * before;
    };
  },
  caffe_adam: () => {
    let [m, v] = [0, 0];
    return (g, t) => {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const correction = Math.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t);
      return correction * m / (Math.sqrt(v) + 1e-8);
    };
  },
  caffe_rmsprop: () => {
    let squares = 0;
    return (g) => {
      squares = 0.99 * squares + 0.01 * g * g;
      return g / (Math.sqrt(squares) + 1e-8);
    };
  },
  caffe_adagrad: () => {
    let squares = 0;
    return (g) => {
      squares += g * g;
      return g / (Math.sqrt(squares) + 1e-8);
    };
  },
  caffe_adadelta: () => {
    let [squares, updates] = [0, 0];
    return (g) => {
      squares = 0.9 * squares + 0.1 * g * g;
      const update = g * Math.sqrt((updates + 1e-8) / (squares + 1e-8));
      updates = 0.9 * updates + 0.1 * update * update;
      return update;
    };
  },
};

for (const [name, createRule] of Object.entries(RULES)) {
  Deno.test(`SOLVERS.${name} follows Caffe's rule, for small gradients too`, () => {
    for (const size of [1, 1e-3, 1e-4]) {
      const optimizer = SOLVERS[name as SolverName](0.01);
      const weight = tf.tidy(() => tf.variable(tf.scalar(0)));
      const rule = createRule();
      let expected = 0;
      for (let t = 1; t <= 20; t++) {
        const gradient = size * Math.sin(t);
        optimizer.minimize(() => tf.mul<tf.Scalar>(weight, gradient), false, [
          weight,
        ]);
        expected -= 0.01 * rule(gradient, t);
        assertAlmostEquals(
          weight.dataSync()[0] / expected,
          1,
          0.005,
          `step ${t} with gradients of ${size}`,
        );
      }
      assertEquals(optimizer.iterations, 20);
      weight.dispose();
      optimizer.dispose();
    }
  });
}

Deno.test("SOLVERS that are written here keep no tensor but their slots, and those until they are disposed", () => {
  const weight = tf.tidy(() => tf.variable(tf.ones([3])));
  const before = tf.memory().numTensors;
  for (const [name, slots] of [["caffe_adagrad", 1], ["caffe_adadelta", 2]]) {
    const optimizer = SOLVERS[name as SolverName](0.1);
    for (let t = 0; t < 3; t++) {
      optimizer.minimize(
        () => tf.sum<tf.Scalar>(tf.square(weight)),
        false,
        [weight],
      );
      assertEquals(tf.memory().numTensors - before, slots);
    }
    optimizer.dispose();
    assertEquals(tf.memory().numTensors, before);
  }
  weight.dispose();
});
