/** What was found wrong once, each in the shape in which it was met. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { hasAdapter } from "./_adapter.ts";
import { operations } from "./ops/_operations.ts";
import { check } from "./ops/_check.ts";

const BACKENDS: BackendName[] = ["cpu", "wasm"];

function operation(name: string) {
  return operations.find((each) => each.name === name)!;
}

Deno.test("depthwiseConv2d() is right for windows smaller than the stride", async () => {
  // tensorflow/tfjs#6629.
  await selectBackend({ backend: "wasm" });
  const depthwise = operation("depthwiseConv2d");
  let cases = 0;
  for (const window of [[1, 1], [2, 2], [1, 3], [3, 1], [2, 3], [3, 3]]) {
    for (const stride of [1, 2, 3]) {
      for (const pad of ["same", "valid"] as const) {
        for (const size of [[4, 5], [5, 5], [6, 9], [7, 4], [8, 8], [9, 7]]) {
          const axes = [0, 1].map((i) => ({
            size: size[i],
            window: window[i],
            stride,
            dilation: 1,
            pad,
          }));
          const attrs = {
            axes,
            batch: 2,
            channels: 3,
            outChannels: 1,
            multiplier: 1,
          };
          const inputs = [[2, ...size, 3], [...window, 3, 1]].map((
            shape,
            seed,
          ) => ({ shape, seed, kind: "ordinary" as const }));
          assertEquals(check(depthwise, { inputs, attrs }), undefined);
          cases++;
        }
      }
    }
  }
  assertEquals(cases, 216);
});

Deno.test("resizeNearestNeighbor() gives each pixel the sum over what it became", async () => {
  for (const backend of BACKENDS) {
    await selectBackend({ backend });
    const resize = operation("resizeNearestNeighbor");
    for (const [h, w, k] of [[3, 3, 2], [5, 4, 2], [7, 7, 2], [5, 5, 3]]) {
      const given = {
        inputs: [{ shape: [2, h, w, 2], seed: 1, kind: "ordinary" as const }],
        attrs: {
          to: [h * k, w * k],
          alignCorners: false,
          halfPixelCenters: false,
        },
      };
      assertEquals(check(resize, given), undefined, backend);
    }
  }
});

Deno.test("maxPool3d() of eight times -3 is -3", async () => {
  for (const backend of BACKENDS) {
    await selectBackend({ backend });
    const x = tf.fill([1, 2, 2, 2, 1], -3) as tf.Tensor5D;
    const y = tf.maxPool3d(x, 2, 2, "valid");
    assertEquals(Array.from(y.dataSync()), [-3]);
    tf.dispose([x, y]);
  }
});

Deno.test("a diverged network has a loss of NaN, whatever sign its NaN has", async () => {
  // A product of WASM has NaN with the sign bit set, which tfjs's ReLU made 0.
  const negative = new Float32Array(new Uint32Array([0xffc00000]).buffer)[0];
  for (const backend of BACKENDS) {
    for (const nan of [NaN, negative]) {
      await selectBackend({ backend });
      const found = tf.tidy(() => {
        const x = tf.tensor2d(
          Float32Array.from(
            { length: 320 },
            (_, i) => i === 15 ? nan : Math.sin(i),
          ),
          [32, 10],
        );
        const product = tf.matMul(x, tf.ones([10, 64]));
        const image = product.reshape([1, 32, 64, 1]) as tf.Tensor4D;
        return [
          tf.relu(product),
          tf.relu6(product),
          tf.maximum(product, 0),
          tf.maximum(0, product),
          tf.clipByValue(product, 0, 1),
          tf.relu(tf.maxPool(image, [1, 2], [1, 2], "same")),
          tf.relu(tf.avgPool(image, 2, 2, "same")),
        ].map((t) => t.dataSync().filter(Number.isNaN).length);
      });
      assertEquals(found, [64, 64, 64, 64, 64, 32, 32], backend);
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 64, inputShape: [10], activation: "relu" }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const xs = tf.fill([32, 10], nan);
      const ys = tf.ones([32, 1]);
      const loss = await model.trainOnBatch(xs, ys) as number;
      assert(Number.isNaN(loss), `${backend}: ${loss}`);
      tf.dispose([xs, ys]);
      model.dispose();
    }
  }
});

Deno.test("batchNorm() of any axis is right on the CPU, forwards and backwards", async () => {
  for (const backend of BACKENDS) {
    await selectBackend({ backend });
    for (const axis of [0, 1, 2, 3]) {
      const shape = [3, 5, 4, 2];
      const own = shape.map((n, i) => i === axis ? n : 1);
      const given = {
        inputs: [
          { shape, seed: 1, kind: "ordinary" as const },
          { shape: own, seed: 2, kind: "ordinary" as const },
          { shape: own, seed: 3, kind: "positive" as const },
        ],
        attrs: {},
      };
      assertEquals(check(operation("batchNorm"), given), undefined, backend);
    }
  }
});

Deno.test("avgPool() gives back what it took where a window reaches past the image", async () => {
  for (const backend of BACKENDS) {
    await selectBackend({ backend });
    const total = tf.tidy(() => {
      const x = tf.ones([1, 3, 3, 1]) as tf.Tensor4D;
      const gradient = tf.grad((x: tf.Tensor) =>
        tf.avgPool(x as tf.Tensor4D, 2, 2, "same")
      );
      return gradient(x).sum().dataSync()[0];
    });
    // Four windows, each a mean of whatever lies on the image.
    assertAlmostEquals(total, 4, 1e-6);
  }
});

Deno.test("avgPool() of windows that cover nothing is 0, as tfjs's specs have it", async () => {
  for (const backend of BACKENDS) {
    await selectBackend({ backend });
    tf.tidy(() => {
      const pad: [
        [number, number],
        [number, number],
        [number, number],
        [number, number],
      ] = [[0, 0], [2, 2], [2, 2], [0, 0]];
      const y = tf.avgPool(tf.ones([1, 1, 1, 1]) as tf.Tensor4D, 2, 1, pad);
      const expected = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0];
      assertEquals([...y.dataSync()], expected);
      const deep = tf.avgPool3d(
        tf.ones([1, 1, 1, 1, 1]) as tf.Tensor5D,
        2,
        1,
        2,
      );
      assertEquals(deep.size, 64);
      assertEquals(deep.sum().dataSync()[0], 8);
    });
  }
});

Deno.test({
  name: "relu6() of whole numbers and products of nothing are read from WebGPU",
  ignore: !await hasAdapter(),
  // The device waits for its loss as long as it lives.
  sanitizeOps: false,
  async fn() {
    await selectBackend({ backend: "webgpu" });
    const whole = tf.relu6(tf.tensor1d([12345678, -2, 0, 3], "int32"));
    assertEquals(whole.dtype, "int32");
    assertEquals([...await whole.data()], [6, 0, 0, 3]);
    const nothing = tf.matMul(tf.tensor2d([], [0, 3]), tf.ones([3, 2]));
    assertEquals([...await nothing.data()], []);
    assertEquals(nothing.shape, [0, 2]);
    tf.dispose([whole, nothing]);
  },
});
