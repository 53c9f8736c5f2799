import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertAsOnCpu, startWasm, values } from "../wasm/_compare.ts";

type Layer = tf.layers.Layer;

/** Seeded weights, of which a variance is positive. */
function seedWeights(layer: Layer): void {
  layer.setWeights(layer.weights.map((weight, i) => {
    const least = weight.originalName.includes("variance") ? 0.5 : -1;
    const shape = weight.shape as number[];
    return tf.randomUniform(shape, least, 1.5, "float32", 20 + i);
  }));
}

function dispose(layer: Layer): void {
  layer.weights.forEach((weight) => weight.dispose());
}

/** What a layer gives in training: y, all gradients, and its weights after. */
function trained(make: () => Layer, x: tf.Tensor): tf.Tensor[] {
  const layer = make();
  layer.build(x.shape);
  seedWeights(layer);
  const call = (x: tf.Tensor) => layer.call(x, { training: true }) as tf.Tensor;
  const y = call(x);
  const weights = values(y.shape, 3);
  const dx = tf.grad((x: tf.Tensor) => call(x).mul(weights).sum())(x);
  const { grads } = tf.variableGrads(
    () => call(x).mul(weights).sum(),
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const after = layer.getWeights().map((weight) => weight.clone());
  const inferred = layer.call(x, {}) as tf.Tensor;
  dispose(layer);
  return [y, dx, ...Object.values(grads), ...after, inferred];
}

const shapes = fc.record({
  rank: fc.integer({ min: 2, max: 4 }),
  lengths: fc.tuple(
    fc.integer({ min: 2, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
  ),
  columns: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(64, 100, 257),
  ),
  mean: fc.constantFrom(0, 3, -20),
});

function input({ rank, lengths, columns, mean }: {
  rank: number;
  lengths: number[];
  columns: number;
  mean: number;
}): tf.Tensor {
  return values([...lengths.slice(0, rank - 1), columns], 1).add(mean);
}

// First of all, as only the first start of the backend may count layers.
Deno.test("fuseLayers() and fuseRecurrentLayers() count no layer of their own", async () => {
  const numbers = () =>
    [
      tf.layers.batchNormalization(),
      tf.layers.layerNormalization(),
      tf.layers.lstm({ units: 1 }) as Layer,
      tf.layers.gru({ units: 1 }) as Layer,
      tf.layers.gruCell({ units: 1 }) as Layer,
    ].map(({ name }) => Number(/\d+$/.exec(name)![0]));
  const before = numbers();
  await startWasm();
  const after = numbers();
  // Each GRU has a cell, which counts.
  assertEquals(after, before.map((number, i) => number + (i === 4 ? 2 : 1)));
});

const layers: Record<string, () => Layer> = {
  batchNormalization: () => tf.layers.batchNormalization({ momentum: 0.7 }),
  layerNormalization: () => tf.layers.layerNormalization(),
};

for (const [name, make] of Object.entries(layers)) {
  Deno.test(`fuseLayers() trains ${name} as on the CPU backend for any shape`, async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        (shape) =>
          assertAsOnCpu(
            () => trained(make, input(shape)),
            JSON.stringify(shape),
            // Where the mean is far from 0, x − mean loses digits on both.
            2e-4,
          ),
      ),
      { numRuns: 25, seed: 5 },
    );
  });
}

Deno.test("fuseLayers() normalizes a batch as in doubles, in more pieces than one", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const [rows, columns] = [5000, 19];
  const scale = Float32Array.from({ length: columns }, (_, i) => 1 + i / 7);
  const offset = Float32Array.from({ length: columns }, (_, i) => i - 4);
  const x = tf.randomNormal([rows, columns], 30, 2, "float32", 1);
  const dy = tf.randomNormal([rows, columns], 0.1, 1, "float32", 2);
  const layer = tf.layers.batchNormalization({ epsilon: 1e-3, momentum: 0 });
  layer.build([rows, columns]);
  layer.setWeights([
    tf.tensor1d(scale),
    tf.tensor1d(offset),
    tf.zeros([columns]),
    tf.ones([columns]),
  ]);
  const call = (x: tf.Tensor) => layer.call(x, { training: true }) as tf.Tensor;
  const actual = {
    y: call(x).dataSync(),
    dx: tf.grad((x: tf.Tensor) => call(x))(x, dy).dataSync(),
    moments: layer.getWeights().slice(2).map((moment) => moment.dataSync()),
  };
  const [xs, dys] = [x.dataSync(), dy.dataSync()];
  for (let c = 0; c < columns; c++) {
    const column = (of: (row: number) => number) =>
      Array.from({ length: rows }, (_, row) => of(row)).reduce(
        (sum, value) => sum + value,
        0,
      ) / rows;
    const at = (row: number) => row * columns + c;
    const mean = column((row) => xs[at(row)]);
    const variance = column((row) => (xs[at(row)] - mean) ** 2);
    const root = Math.sqrt(variance + 1e-3);
    const normal = (row: number) => (xs[at(row)] - mean) / root;
    const sum = column((row) => dys[at(row)]);
    const product = column((row) => dys[at(row)] * normal(row));
    assert(
      Math.abs(actual.moments[0][c] - mean) < 1e-5,
      `mean ${actual.moments[0][c]}, not ${mean}`,
    );
    assert(
      Math.abs(actual.moments[1][c] - variance) < 1e-4,
      `variance ${actual.moments[1][c]}, not ${variance}`,
    );
    for (let row = 0; row < rows; row += 7) {
      const y = normal(row) * scale[c] + offset[c];
      const dx = scale[c] / root *
        (dys[at(row)] - sum - normal(row) * product);
      assert(Math.abs(actual.y[at(row)] - y) < 1e-4, `y at ${row}, ${c}`);
      assert(Math.abs(actual.dx[at(row)] - dx) < 1e-5, `dx at ${row}, ${c}`);
    }
  }
  dispose(layer);
  tf.dispose([x, dy]);
});

Deno.test("fuseLayers() trains without scale and offset, which tfjs cannot", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = values([7, 5], 1);
    const dy = values([7, 5], 2);
    for (
      const make of [tf.layers.batchNormalization, tf.layers.layerNormalization]
    ) {
      const gradient = (layer: Layer) => {
        layer.build([7, 5]);
        const call = (x: tf.Tensor) =>
          layer.call(x, { training: true }) as tf.Tensor;
        const results = [call(x), tf.grad(call)(x, dy)];
        dispose(layer);
        return results.map((result) => [...result.dataSync()]);
      };
      // Their initial values are 1 and 0.
      assertEquals(
        gradient(make({ scale: false, center: false })),
        gradient(make({})),
      );
    }
  });
});

Deno.test("fuseLayers() passes NaN and infinity on to their columns and rows", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    for (const special of [NaN, Infinity, -Infinity]) {
      const x = values([6, 7], 1).bufferSync();
      x.set(special, 2, 5);
      const spoilt = (layer: Layer) => {
        layer.build([6, 7]);
        const y = (layer.call(x.toTensor(), { training: true }) as tf.Tensor)
          .arraySync() as number[][];
        dispose(layer);
        return y.map((row) => row.map((value) => !isFinite(value)));
      };
      spoilt(tf.layers.batchNormalization()).forEach((row) =>
        assertEquals(row, [0, 1, 2, 3, 4, 5, 6].map((i) => i === 5))
      );
      spoilt(tf.layers.layerNormalization()).forEach((row, i) =>
        assertEquals(row, Array(7).fill(i === 2))
      );
    }
  });
});

Deno.test("fuseLayers() leaves other axes and second gradients to tfjs", async () => {
  const secondGradient = () => {
    const layer = tf.layers.layerNormalization();
    layer.build([2, 3]);
    const f = (x: tf.Tensor) =>
      (layer.call(x, {}) as tf.Tensor).square().mul(values([2, 3], 2)).sum();
    const inner = (x: tf.Tensor) => tf.grad(f)(x).square().sum();
    const gradient = tf.grad(inner)(values([2, 3], 1));
    dispose(layer);
    return [gradient];
  };
  await assertAsOnCpu(secondGradient, "a gradient of a gradient", 1e-3);
  tf.tidy(() => {
    const x = values([4, 3, 5], 1);
    const normalized = (axis: number, x: tf.Tensor) => {
      const layer = tf.layers.batchNormalization({ axis });
      layer.build(x.shape);
      seedWeights(layer);
      const y = layer.call(x, { training: true }) as tf.Tensor;
      dispose(layer);
      return y;
    };
    const turned = normalized(-1, x.transpose([0, 2, 1])).transpose([0, 2, 1]);
    const gap = normalized(1, x).sub(turned).abs().max().dataSync()[0];
    assert(gap < 1e-5, `axis 1 differs by ${gap}`);
  });
  await assertAsOnCpu(
    () =>
      trained(
        () => tf.layers.layerNormalization({ axis: [1, 2] }),
        values([4, 3, 5], 1),
      ),
    "axes 1 and 2",
  );
});
