import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { toOnnx } from "../../src/onnx/mod.ts";
import { testAgreement } from "./_agreement.ts";

const { layers } = tf;

function merge(
  layer: tf.layers.Layer,
  ...shapes: (number | null)[][]
): tf.LayersModel {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  return tf.model({
    inputs,
    outputs: layer.apply(inputs) as tf.SymbolicTensor,
  });
}

/** The layer on a convolution (channels first in ONNX) and on its plain input. */
function mergeMixed(layer: tf.layers.Layer): tf.LayersModel {
  const input = tf.input({ shape: [4, 5, 3] });
  const convolved = layers.conv2d({
    filters: 3,
    kernelSize: 3,
    padding: "same",
  })
    .apply(input) as tf.SymbolicTensor;
  const pooled = layers.averagePooling2d({
    poolSize: 2,
    strides: 1,
    padding: "same",
  }).apply(input) as tf.SymbolicTensor;
  return tf.model({
    inputs: input,
    outputs: layer.apply([convolved, input, pooled]) as tf.SymbolicTensor,
  });
}

const elementwise: Record<string, () => tf.layers.Layer> = {
  add: () => layers.add(),
  multiply: () => layers.multiply(),
  average: () => layers.average(),
  maximum: () => layers.maximum(),
  minimum: () => layers.minimum(),
};
for (const [name, make] of Object.entries(elementwise)) {
  testAgreement({
    [`${name} of two`]: () => merge(make(), [4], [4]),
    [`${name} of three`]: () => merge(make(), [4, 2], [4, 2], [4, 2]),
    [`${name} with broadcasting`]: () => merge(make(), [4, 1], [1, 3]),
    [`${name} of different ranks`]: () => merge(make(), [3], [2, 4, 3]),
    [`${name} of channels and images`]: () => mergeMixed(make()),
  });
}

testAgreement({
  "concatenate": () => merge(layers.concatenate(), [3], [4]),
  "concatenate along the first axis": () =>
    merge(layers.concatenate({ axis: 1 }), [3, 2], [4, 2]),
  "concatenate of channels and images": () => mergeMixed(layers.concatenate()),
  "concatenate of channels and images along the height": () =>
    mergeMixed(layers.concatenate({ axis: 1 })),
  "concatenate of flattened channels": () => {
    const input = tf.input({ shape: [4, 5, 3] });
    const branch = (kernelSize: number) =>
      layers.flatten().apply(
        layers.conv2d({ filters: 2, kernelSize }).apply(input),
      ) as tf.SymbolicTensor;
    const joined = layers.concatenate().apply([branch(2), branch(3)]);
    return tf.model({
      inputs: input,
      outputs: layers.dense({ units: 3 }).apply(joined) as tf.SymbolicTensor,
    });
  },
  "dot of vectors": () => merge(layers.dot({ axes: 1 }), [4], [4]),
  "dot of vectors, normalized": () =>
    merge(layers.dot({ axes: -1, normalize: true }), [4], [4]),
  "dot of sequences along their features": () =>
    merge(layers.dot({ axes: 2 }), [3, 4], [5, 4]),
  "dot of sequences along their steps": () =>
    merge(layers.dot({ axes: 1 }), [4, 3], [4, 5]),
  "dot of sequences along both": () =>
    merge(layers.dot({ axes: [2, 1] }), [3, 4], [4, 5]),
  "dot of sequences along both, turned and normalized": () =>
    merge(layers.dot({ axes: [1, 2], normalize: true }), [4, 3], [5, 4]),
  "dot of a sequence and a vector": () =>
    merge(layers.dot({ axes: [2, 1] }), [3, 4], [4]),
  "dot of a vector and a sequence": () =>
    merge(layers.dot({ axes: [1, 2] }), [4], [3, 4]),
  "dot of a vector and a sequence along its steps": () =>
    merge(layers.dot({ axes: [1, 1] }), [4], [4, 3]),
});

Deno.test("toOnnx() refuses a dot over the batch", async () => {
  await assertRejects(
    () => toOnnx(merge(layers.dot({ axes: [0, 0], name: "over" }), [4], [4])),
    TypeError,
    'layer "over" (Dot) must leave the batch dimension alone',
  );
});
