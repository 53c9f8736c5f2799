/** What is frozen does not train, however it is nested, and what is not does. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { testOn } from "../_every_backend.ts";

const { dense } = tf.layers;

/** Two layers, as the ways there are to make a model of them. */
const BASES: Record<string, () => tf.LayersModel> = {
  sequential: () =>
    tf.sequential({
      layers: [dense({ units: 3, inputShape: [2] }), dense({ units: 2 })],
    }),
  functional: () => {
    const inputs = tf.input({ shape: [2] });
    const outputs = dense({ units: 2 }).apply(
      dense({ units: 3 }).apply(inputs),
    ) as tf.SymbolicTensor;
    return tf.model({ inputs, outputs });
  },
  nested: () => tf.sequential({ layers: [BASES.sequential()] }),
};

/** What a head makes of a base. */
const WHOLES: Record<string, (base: tf.LayersModel) => tf.LayersModel> = {
  sequential: (base) => tf.sequential({ layers: [base, dense({ units: 1 })] }),
  functional: (base) => {
    const inputs = tf.input({ shape: [2] });
    const outputs = dense({ units: 1 }).apply(
      base.apply(inputs) as tf.SymbolicTensor,
    ) as tf.SymbolicTensor;
    return tf.model({ inputs, outputs });
  },
};

/** In the order of the layers; that of a model's weights changes with freezing. */
function kernels(model: tf.LayersModel): string[] {
  return model.layers.flatMap((layer) =>
    layer instanceof tf.LayersModel
      ? kernels(layer)
      : layer.getWeights().filter(({ rank }) => rank === 2)
        .map((weight) => [...weight.dataSync()].join())
  );
}

/** Which of the kernels of a base a step changes. */
async function moved(
  base: tf.LayersModel,
  whole: tf.LayersModel,
): Promise<boolean[]> {
  whole.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  const before = kernels(base);
  const [xs, ys] = [tf.tensor2d([[1, 2], [-1, 3]]), tf.tensor2d([[5], [-7]])];
  await whole.trainOnBatch(xs, ys);
  tf.dispose([xs, ys]);
  return kernels(base).map((kernel, i) => kernel !== before[i]);
}

for (const [inner, makeBase] of Object.entries(BASES)) {
  for (const [outer, makeWhole] of Object.entries(WHOLES)) {
    testOn("cpu", `a ${inner} base in a ${outer} model freezes`, async () => {
      const base = makeBase();
      base.trainable = false;
      const whole = makeWhole(base);
      assertEquals(await moved(base, whole), [false, false]);
      base.trainable = true;
      assertEquals(await moved(base, whole), [true, true]);
      base.trainable = false;
      assertEquals(await moved(base, whole), [false, false]);
      whole.dispose();
    });
  }
}

testOn("cpu", "a layer that is frozen by itself stays so", async () => {
  const base = BASES.sequential();
  base.layers[0].trainable = false;
  const whole = WHOLES.sequential(base);
  assertEquals(await moved(base, whole), [false, true]);
  whole.dispose();
});
