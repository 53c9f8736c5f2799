/** Layers with channels first against the same with channels last, and causal ones. */

import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import { values } from "../wasm/_compare.ts";

const { layers } = tf;

type Layout = "channelsFirst" | "channelsLast";

interface Sample {
  /** Of one example, its channels last. */
  readonly shape: readonly number[];
  readonly layer: (dataFormat: Layout) => tf.layers.Layer;
}

const samples: Record<string, Sample> = {
  conv1d: {
    shape: [9, 3],
    layer: (dataFormat) =>
      layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, dataFormat }),
  },
  "conv1d, as long as its input, dilated": {
    shape: [9, 3],
    layer: (dataFormat) =>
      layers.conv1d({
        filters: 4,
        kernelSize: 3,
        dilationRate: 2,
        padding: "same",
        activation: "tanh",
        dataFormat,
      }),
  },
  "conv1d, causal": {
    shape: [9, 3],
    layer: (dataFormat) =>
      layers.conv1d({
        filters: 4,
        kernelSize: 3,
        dilationRate: 2,
        padding: "causal",
        dataFormat,
      }),
  },
  conv2d: {
    shape: [7, 6, 2],
    layer: (dataFormat) =>
      layers.conv2d({ filters: 3, kernelSize: [3, 2], dataFormat }),
  },
  conv2dTranspose: {
    shape: [4, 3, 2],
    layer: (dataFormat) =>
      layers.conv2dTranspose({
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        dataFormat,
      }),
  },
  depthwiseConv2d: {
    shape: [7, 6, 2],
    layer: (dataFormat) =>
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        activation: "relu",
        dataFormat,
      }),
  },
  separableConv2d: {
    shape: [7, 6, 2],
    layer: (dataFormat) =>
      layers.separableConv2d({
        filters: 3,
        kernelSize: 3,
        strides: 2,
        dataFormat,
      }),
  },
  "separableConv2d, as large as its input": {
    shape: [5, 6, 2],
    layer: (dataFormat) =>
      layers.separableConv2d({
        filters: 3,
        kernelSize: 3,
        padding: "same",
        activation: "tanh",
        dataFormat,
      }),
  },
  conv3d: {
    shape: [4, 4, 3, 2],
    layer: (dataFormat) =>
      layers.conv3d({ filters: 2, kernelSize: 2, dataFormat }),
  },
};

/** The output, with its channels last, and the gradients of the weights. */
function trained({ shape, layer: make }: Sample, layout: Layout): tf.Tensor[] {
  const rank = shape.length + 1;
  const space = shape.slice(1).map((_, i) => i + 1);
  const toFirst = [0, rank - 1, ...space];
  const toLast = [0, ...space.map((axis) => axis + 1), 1];
  const first = layout === "channelsFirst";
  const images = values([2, ...shape], 1);
  const x = first ? tf.transpose(images, toFirst) : images;
  const layer = make(layout);
  layer.build(x.shape);
  layer.setWeights(
    layer.weights.map((weight, i) => values(weight.shape as number[], i + 2)),
  );
  const apply = () => {
    const y = layer.apply(x, { training: true }) as tf.Tensor;
    assertEquals(layer.computeOutputShape(x.shape), y.shape);
    return first ? tf.transpose(y, toLast) : y;
  };
  const y = apply();
  const { grads } = tf.variableGrads(
    () => tf.sum(tf.mul(apply(), values(y.shape, 9))) as tf.Scalar,
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  layer.weights.forEach((weight) => weight.dispose());
  return [y, ...Object.values(grads)];
}

for (const backend of ["cpu", "wasm"] as const) {
  for (const [name, sample] of Object.entries(samples)) {
    Deno.test(`a layer with channels first is that with channels last on ${backend}: ${name}`, async () => {
      await selectBackend({ backend });
      tf.tidy(() => {
        const expected = trained(sample, "channelsLast");
        trained(sample, "channelsFirst").forEach((tensor, i) => {
          assertEquals(tensor.shape, expected[i].shape);
          const must = expected[i].dataSync();
          tensor.dataSync().forEach((value, k) =>
            assertAlmostEquals(value, must[k], 1e-4)
          );
        });
      });
    });
  }
}

Deno.test("a causal conv1d() layer reads nothing of what comes later", async () => {
  await selectBackend({ backend: "wasm" });
  const model = tf.sequential({
    layers: [
      layers.conv1d({
        inputShape: [9, 2],
        filters: 3,
        kernelSize: 3,
        dilationRate: 2,
        padding: "causal",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        biasInitializer: tf.initializers.randomNormal({ seed: 2 }),
      }),
    ],
  });
  const x = values([2, 9, 2], 1);
  const y = model.predict(x) as tf.Tensor3D;
  assertEquals(y.shape, [2, 9, 3]);
  const [from, got] = [x.arraySync() as number[][][], y.arraySync()];
  const [kernel, bias] = model.getWeights().map((w) => w.arraySync()) as [
    number[][][],
    number[],
  ];
  for (let n = 0; n < 2; n++) {
    for (let t = 0; t < 9; t++) {
      for (let f = 0; f < 3; f++) {
        let sum = bias[f];
        for (let k = 0; k < 3; k++) {
          const at = t - (2 - k) * 2;
          if (at < 0) continue;
          from[n][at].forEach((value, c) => sum += value * kernel[k][c][f]);
        }
        assertAlmostEquals(got[n][t][f], sum, 1e-5);
      }
    }
  }
  tf.dispose([x, y]);
  model.dispose();
});
