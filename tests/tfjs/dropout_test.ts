import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { setDropoutRate } from "@clr/clr/training";

Deno.test("setDropoutRate() changes what the next batch drops, in models within models too", () => {
  const inner = tf.sequential({
    layers: [tf.layers.dropout({ rate: 0.5, inputShape: [4_000] })],
  });
  const model = tf.sequential({ layers: [inner] });
  const dropped = () =>
    tf.tidy(() => {
      const output = model.apply(tf.ones([1, 4_000]), { training: true });
      return (output as tf.Tensor).equal(0).mean().dataSync()[0];
    });
  // Ten standard deviations of so many draws are 0.08 at most.
  assertAlmostEquals(dropped(), 0.5, 0.08);
  setDropoutRate(model, 0.1);
  assertAlmostEquals(dropped(), 0.1, 0.08);
  setDropoutRate(model, 0);
  assert(dropped() === 0);
});

Deno.test("setDropoutRate() refuses what is no rate, and a model without dropout", () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  assertThrows(() => setDropoutRate(model, 1), RangeError, ">= 0 and < 1");
  assertThrows(() => setDropoutRate(model, 0.5), RangeError, "a Dropout layer");
});

Deno.test("setDropoutRate() changes the dropout of each step of a sequence, and of a model for each", () => {
  const { layers } = tf;
  const [one, two] = [4, 4].map((rate) => layers.dropout({ rate: 1 / rate }));
  const inner = tf.sequential({
    layers: [layers.flatten({ inputShape: [3, 1] }), two],
  });
  const model = tf.sequential({
    layers: [
      layers.timeDistributed({ layer: one, inputShape: [2, 3, 1] }),
      layers.timeDistributed({ layer: inner }),
    ],
  });
  setDropoutRate(model, 0.125);
  for (const layer of [one, two]) {
    assert((layer as unknown as { rate: number }).rate === 0.125);
  }
});
