/** Every optimizer against its published rule, by loops in doubles. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "./_every_backend.ts";

/** What a step takes from a weight, of which it keeps `slots` between steps. */
type Rule = (
  g: number,
  slots: Record<string, number>,
  step: number,
) => number;

const RATE = 0.05;

const rmsprop = (epsilon: number, isCentered: boolean): Rule => (g, s) => {
  s.square = 0.9 * (s.square ?? 0) + 0.1 * g * g;
  s.mean = 0.9 * (s.mean ?? 0) + 0.1 * g;
  const variance = s.square - (isCentered ? s.mean ** 2 : 0);
  s.moment = 0.5 * (s.moment ?? 0) + RATE * g / Math.sqrt(variance + epsilon);
  return s.moment;
};

function momentum(isNesterov: boolean): Rule {
  return (g, s) => {
    s.moment = 0.9 * (s.moment ?? 0) + g;
    return RATE * (isNesterov ? g + 0.9 * s.moment : s.moment);
  };
}

const RULES: Readonly<Record<string, [() => tf.Optimizer, Rule]>> = {
  sgd: [() => tf.train.sgd(RATE), (g) => RATE * g],
  momentum: [() => tf.train.momentum(RATE, 0.9), momentum(false)],
  "Nesterov's momentum": [
    () => tf.train.momentum(RATE, 0.9, true),
    momentum(true),
  ],
  adam: [() => tf.train.adam(RATE, 0.9, 0.99, 1e-4), (g, s, step) => {
    s.first = 0.9 * (s.first ?? 0) + 0.1 * g;
    s.second = 0.99 * (s.second ?? 0) + 0.01 * g * g;
    const deviation = Math.sqrt(s.second / (1 - 0.99 ** step)) + 1e-4;
    return RATE * s.first / (1 - 0.9 ** step) / deviation;
  }],
  adamax: [() => tf.train.adamax(RATE, 0.9, 0.99, 1e-4), (g, s, step) => {
    s.first = 0.9 * (s.first ?? 0) + 0.1 * g;
    s.most = Math.max(0.99 * (s.most ?? 0), Math.abs(g));
    return RATE / (1 - 0.9 ** step) * s.first / (s.most + 1e-4);
  }],
  adagrad: [() => tf.train.adagrad(RATE, 0.1), (g, s) => {
    s.square = (s.square ?? 0.1) + g * g;
    return RATE * g / Math.sqrt(s.square + 1e-7);
  }],
  rmsprop: [
    () => tf.train.rmsprop(RATE, 0.9, 0.5, 1e-3),
    rmsprop(1e-3, false),
  ],
  "centered rmsprop": [
    () => tf.train.rmsprop(RATE, 0.9, 0.5, 1e-3, true),
    rmsprop(1e-3, true),
  ],
};

const WEIGHTS = Array.from({ length: 37 }, (_, i) => 2 * Math.cos(0.9 * i));

for (const backend of BACKENDS) {
  for (const [name, [create, rule]] of Object.entries(RULES)) {
    testOn(backend, `${name} steps by its published rule`, async () => {
      const before = tf.memory().numTensors;
      const optimizer = create();
      const variable = tf.tidy(() => tf.variable(tf.tensor1d(WEIGHTS)));
      let weights = WEIGHTS;
      const slots = WEIGHTS.map(() => ({}));
      for (let step = 1; step <= 30; step++) {
        // The gradient of w² / 4 + sin w.
        optimizer.minimize(
          () =>
            tf.sum(tf.add(tf.div(tf.square(variable), 4), tf.sin(variable))),
          false,
          [variable],
        );
        weights = weights.map((w, i) =>
          w - rule(w / 2 + Math.cos(w), slots[i], step)
        );
      }
      const trained = await variable.data();
      weights.forEach((w, i) =>
        assert(
          Math.abs(trained[i] - w) < 2e-5,
          `weight ${i} is ${trained[i]}, not ${w}`,
        )
      );
      variable.dispose();
      optimizer.dispose();
      assertEquals(tf.memory().numTensors, before);
    });
  }

  testOn(
    backend,
    "centered rmsprop stays finite where gradients are 0 or stay as they are",
    async () => {
      const before = tf.memory().numTensors;
      // Of 3e4 the mean square less the squared mean is below 0 by rounding.
      const slopes = [0, 1e-6, 1, -1, 3e4, 12345.678];
      for (const epsilon of [undefined, 1e-7, -1e-7]) {
        const optimizer = tf.train.rmsprop(1e-3, 0.9, 0, epsilon, true);
        const variable = tf.tidy(() => tf.variable(tf.zeros([slopes.length])));
        const loss = () => tf.sum(tf.mul(variable, slopes)) as tf.Scalar;
        for (let step = 0; step < 200; step++) {
          optimizer.minimize(loss, false, [variable]);
        }
        const trained = await variable.data();
        slopes.forEach((slope, i) => {
          assert(Number.isFinite(trained[i]), `weight ${i} is ${trained[i]}`);
          assert(slope === 0 ? trained[i] === 0 : trained[i] * slope < 0);
        });
        variable.dispose();
        optimizer.dispose();
      }
      assertEquals(tf.memory().numTensors, before);
    },
  );
}
