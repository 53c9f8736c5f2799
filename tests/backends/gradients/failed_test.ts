/** Gradients that throw leave nothing behind, on every backend. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { BACKENDS, testOn } from "../_every_backend.ts";

/** Each fails after some operations have saved what their gradients need. */
const FAILURES: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  "in the loss": (x) => {
    const y = tf.tanh(tf.square(x));
    return tf.gather(y, tf.tensor1d([9], "int32"));
  },
  "for want of a gradient": (x) =>
    tf.mul(
      tf.tanh(x),
      tf.cast(tf.multinomial(tf.square(x) as tf.Tensor1D, 2), "float32").sum(),
    ),
  "in a gradient": (x) =>
    tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return {
        value: tf.exp(x as tf.Tensor),
        gradFunc: () => {
          throw new Error("no slope");
        },
      };
    })(tf.tanh(tf.square(x))),
};

for (const backend of BACKENDS) {
  for (const [name, compute] of Object.entries(FAILURES)) {
    testOn(backend, `a gradient that fails ${name} keeps no tensor`, () => {
      const x = tf.tensor1d([1, 2, 3]);
      const variable = tf.variable(x);
      const optimizer = tf.train.sgd(0.1);
      const before = tf.memory().numTensors;
      const loss = () => tf.sum(compute(variable)) as tf.Scalar;
      for (let i = 0; i < 3; i++) {
        assertThrows(() => tf.tidy(() => tf.grad(compute)(x)));
        assertThrows(() => optimizer.minimize(loss, false, [variable]));
      }
      assertEquals(tf.memory().numTensors, before);
      // And the next one is right.
      const slopes = tf.tidy(() => tf.grad((x) => tf.square(x))(x).dataSync());
      assertEquals([...slopes], [2, 4, 6]);
      tf.dispose([x, variable]);
      optimizer.dispose();
    });
  }

  testOn(backend, "a gradient within one that fails keeps no tensor", () => {
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    const inner = (x: tf.Tensor) =>
      tf.grad(FAILURES["in a gradient"])(tf.square(x));
    for (let i = 0; i < 3; i++) {
      assertThrows(() => tf.tidy(() => tf.grad(inner)(x)));
    }
    assertEquals(tf.memory().numTensors, before);
    x.dispose();
  });
}
