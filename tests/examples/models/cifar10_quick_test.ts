import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  CIFAR10_QUICK_PARAMETERS,
  createCifar10Quick,
  createCifar10QuickOptimizer,
} from "../../../examples/models/cifar10_quick.ts";

await tf.setBackend("cpu");

Deno.test("createCifar10Quick() has the layers and the parameters of Caffe's definition", () => {
  const model = createCifar10Quick();
  assertEquals(
    model.layers.filter((layer) => !layer.name.startsWith("flatten"))
      .map((layer) => [layer.name, layer.outputShape, layer.countParams()]),
    [
      ["conv1", [null, 32, 32, 32], 2432],
      ["pool1", [null, 16, 16, 32], 0],
      ["relu1", [null, 16, 16, 32], 0],
      ["conv2", [null, 16, 16, 32], 25_632],
      ["relu2", [null, 16, 16, 32], 0],
      ["pool2", [null, 8, 8, 32], 0],
      ["conv3", [null, 8, 8, 64], 51_264],
      ["relu3", [null, 8, 8, 64], 0],
      ["pool3", [null, 4, 4, 64], 0],
      ["ip1", [null, 64], 65_600],
      ["ip2", [null, 10], 650],
    ],
  );
  assertEquals(model.countParams(), CIFAR10_QUICK_PARAMETERS);
  assertEquals(model.layers[1].getClassName(), "MaxPooling2D");
  assertEquals(model.layers[5].getClassName(), "AveragePooling2D");
  assertEquals(model.layers[8].getClassName(), "AveragePooling2D");
  model.dispose();
});

Deno.test("createCifar10Quick() draws Caffe's Gaussian weights from the seed", () => {
  const read = (seed: number) => {
    const model = createCifar10Quick({ seed });
    const weights = model.getWeights().map((weight) =>
      weight.dataSync() as Float32Array
    );
    model.dispose();
    return weights;
  };
  const weights = read(5);
  assertEquals(read(5), weights);
  assert(read(6)[0][0] !== weights[0][0]);
  [1e-4, 0.01, 0.01, 0.1, 0.1].forEach((stddev, layer) => {
    const kernel = weights[2 * layer];
    const mean = kernel.reduce((sum, w) => sum + w, 0) / kernel.length;
    const variance = kernel.reduce((sum, w) => sum + (w - mean) ** 2, 0) /
      kernel.length;
    // Within five standard errors of each estimate.
    const n = kernel.length;
    assert(Math.abs(mean) < 5 * stddev / Math.sqrt(n), `layer ${layer} mean`);
    assert(
      Math.abs(Math.sqrt(variance) / stddev - 1) < 5 / Math.sqrt(2 * n),
      `layer ${layer} deviation`,
    );
    assert(weights[2 * layer + 1].every((bias) => bias === 0));
  });
  assert(weights[8][0] / weights[6][0] !== weights[8][1] / weights[6][1]);
});

/**
 * Pooling as `caffe/src/caffe/layers/pooling_layer.cpp` defines it: the output
 * size rounded up, windows clipped to the map, the average over what is inside.
 */
function caffePool(
  map: Float32Array,
  size: number,
  reduce: (window: number[]) => number,
): number[] {
  const pooled = Math.ceil((size - 3) / 2) + 1;
  return Array.from({ length: pooled * pooled }, (_, index) => {
    const top = 2 * Math.floor(index / pooled);
    const left = 2 * (index % pooled);
    const window: number[] = [];
    for (let y = top; y < Math.min(top + 3, size); y++) {
      for (let x = left; x < Math.min(left + 3, size); x++) {
        window.push(map[y * size + x]);
      }
    }
    return reduce(window);
  });
}

Deno.test("createCifar10Quick() pools as Caffe does, on every map size it has", () => {
  const average = (window: number[]) =>
    window.reduce((a, b) => a + b) / window.length;
  for (const [size, kind] of [[32, "max"], [16, "avg"], [8, "avg"]] as const) {
    tf.tidy(() => {
      const map = tf.randomNormal([size, size], 0, 1, "float32", 7);
      const pooled = tf.pool(
        map.reshape([1, size, size, 1]) as tf.Tensor4D,
        3,
        kind,
        "same",
        1,
        2,
      );
      const expected = caffePool(
        map.dataSync() as Float32Array,
        size,
        kind === "max" ? (window) => Math.max(...window) : average,
      );
      const actual = pooled.dataSync();
      assertEquals(actual.length, expected.length);
      expected.forEach((value, i) =>
        assertAlmostEquals(actual[i], value, 1e-6)
      );
    });
  }
});

Deno.test("createCifar10Quick() adds 0.004 · w to the gradient of weights and biases", () => {
  const [model, bare] = [0.004, 0].map((weightDecay) =>
    createCifar10Quick({ seed: 1, weightDecay })
  );
  tf.tidy(() => {
    for (const network of [model, bare]) {
      const bias = network.getLayer("ip2").getWeights()[1];
      network.getLayer("ip2").setWeights([
        network.getLayer("ip2").getWeights()[0],
        tf.ones(bias.shape),
      ]);
    }
    const penalty = tf.variableGrads(
      () =>
        model.calculateLosses().reduce((sum, loss) =>
          tf.add(sum, loss)
        ) as tf.Scalar,
    );
    for (const variable of model.trainableWeights) {
      const weight = variable.read().dataSync();
      const gradient = penalty.grads[variable.name].dataSync();
      weight.forEach((w, i) =>
        assertAlmostEquals(gradient[i], 0.004 * w, 1e-7)
      );
    }
    assertEquals(bare.calculateLosses().length, 0);
  });
  model.dispose();
  bare.dispose();
});

Deno.test("createCifar10Quick() compiles with the paper's optimizer when one is given", () => {
  const optimizer = createCifar10QuickOptimizer();
  const model = createCifar10Quick({ optimizer });
  assertEquals(optimizer.getConfig().momentum, 0.9);
  assertEquals(optimizer.getConfig().learningRate, 0.001);
  assertEquals(model.loss, "categoricalCrossentropy");
  model.dispose();
  optimizer.dispose();
});

Deno.test("createCifar10Quick() can be narrower, for smaller images", () => {
  const model = createCifar10Quick({ imageSize: 16, width: 0.25 });
  // 8 · 75 + 8, 8 · 200 + 8, 16 · 200 + 16, 16 · 64 + 16, 10 · 16 + 10.
  assertEquals(model.countParams(), 608 + 1_608 + 3_216 + 1_040 + 170);
  assertEquals(model.outputs[0].shape, [null, 10]);
  model.dispose();
});
