/** Windows that reach over the border of an image, or lie on padding alone. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "../_every_backend.ts";
import { values } from "../wasm/_compare.ts";

function test(name: string, check: () => void): void {
  for (const backend of BACKENDS) {
    testOn(backend, name, () => {
      const before = tf.memory().numTensors;
      tf.tidy(check);
      assertEquals(tf.memory().numTensors, before);
    });
  }
}

test("the largest of nothing is NaN, and the mean 0", () => {
  const x = tf.tensor([1, 2, 3, 4], [1, 2, 2, 1]) as tf.Tensor4D;
  for (const [pool, none] of [[tf.maxPool, NaN], [tf.avgPool, 0]] as const) {
    assertEquals([...pool(x, 2, 3, 2, "floor").dataSync()], [
      ...[none, none],
      ...[none, 4],
    ]);
    assertEquals([...pool(x, 1, 1, 1).dataSync()], [
      ...[none, none, none, none],
      ...[none, 1, 2, none],
      ...[none, 3, 4, none],
      ...[none, none, none, none],
    ]);
  }
});

/** The pixels that windows of one see, counted from 1, and what others give. */
function seenBy(
  [height, width]: readonly [number, number],
  { stride, pad, none }: {
    readonly stride: number;
    readonly pad: number;
    readonly none: number;
  },
): number[] {
  const places = (size: number) =>
    Array.from(
      { length: Math.floor((size - 1 + 2 * pad) / stride) + 1 },
      (_, i) => i * stride - pad,
    );
  return places(height).flatMap((y) =>
    places(width).map((x) =>
      y >= 0 && y < height && x >= 0 && x < width ? y * width + x + 1 : none
    )
  );
}

test("windows of one pixel give it on, and its gradient back", () => {
  for (const [pool, none] of [[tf.maxPool, NaN], [tf.avgPool, 0]] as const) {
    for (const [stride, pad] of [[2, 1], [1, 1], [3, 2], [2, 0], [1, 0]]) {
      for (const shape of [[2, 2], [3, 3], [5, 4], [1, 1]] as const) {
        const size = shape[0] * shape[1];
        const x = tf.reshape(tf.range(1, size + 1), [1, ...shape, 1]);
        const run = (x: tf.Tensor) =>
          pool(x as tf.Tensor4D, 1, stride, pad, "floor");
        const seen = seenBy(shape, { stride, pad, none });
        const name = `${shape}, stride ${stride}, pad ${pad}`;
        assertEquals([...run(x).dataSync()], seen, name);
        const gradient = [...tf.grad(run)(x).dataSync()];
        const expected = gradient.map((_, i) => Number(seen.includes(i + 1)));
        assertEquals(gradient, expected, name);
      }
    }
  }
});

/** An image with so much more at its far ends, of what no window counts. */
function padded(
  x: tf.Tensor,
  more: readonly number[],
  value: number,
): tf.Tensor4D {
  const ends = more.map((after): [number, number] => [1, after]);
  return tf.pad(x, [[0, 0], ...ends, [0, 0]], value) as tf.Tensor4D;
}

const filter = () => values([3, 3, 2, 4], 2) as tf.Tensor4D;
const depthwise = () => values([3, 3, 2, 2], 3) as tf.Tensor4D;

type Mode = "floor" | "ceil" | "round";
type Windowed = (
  x: tf.Tensor4D,
  pad: number | "valid",
  mode?: Mode,
) => tf.Tensor;

/** Each by the same of an image that is padded with a value. */
const ROUNDED: Readonly<Record<string, readonly [number, Windowed]>> = {
  maxPool: [-Infinity, (x, pad, mode) => tf.maxPool(x, 3, 2, pad, mode)],
  pool: [-Infinity, (x, pad, mode) => tf.pool(x, 3, "max", pad, 1, 2, mode)],
  conv2d: [
    0,
    (x, pad, mode) => tf.conv2d(x, filter(), 2, pad, "NHWC", 1, mode),
  ],
  "fused conv2d": [
    0,
    (x, pad, dimRoundingMode) =>
      tf.fused.conv2d({
        ...{ x, filter: filter(), strides: 2, pad, dimRoundingMode },
        activation: "relu",
      }),
  ],
  depthwiseConv2d: [
    0,
    (x, pad, mode) =>
      tf.depthwiseConv2d(x, depthwise(), 2, pad, "NHWC", 1, mode),
  ],
};

/** What windows of 3 at strides of 2 reach over the far end of so many pixels. */
function over(size: number, mode: Mode): number {
  const steps = (size + 2 - 3) / 2;
  const whole = { floor: Math.floor, ceil: Math.ceil, round: Math.round };
  return Math.max(1, 2 * whole[mode](steps) + 3 - size - 1);
}

test("windows that a rounding mode adds count, and have gradients", () => {
  for (const [name, [value, compute]] of Object.entries(ROUNDED)) {
    for (const mode of ["floor", "ceil", "round"] as const) {
      for (const [height, width] of [[6, 7], [8, 6], [5, 5]]) {
        const x = values([2, height, width, 2], 1);
        const run = (x: tf.Tensor) => compute(x as tf.Tensor4D, 1, mode);
        const more = [over(height, mode), over(width, mode)];
        const byPadding = (x: tf.Tensor) =>
          compute(padded(x, more, value), "valid");
        const [y, must] = [run(x), byPadding(x)];
        const context = `${name}, ${mode}, ${height}×${width}`;
        assertEquals(y.shape, must.shape, context);
        const weights = values(y.shape, 4);
        const slopes = (f: typeof run) =>
          tf.grad((x) => tf.sum(tf.mul(f(x), weights)))(x);
        for (
          const [is, expected] of [
            [y, must],
            [slopes(run), slopes(byPadding)],
          ]
        ) {
          const gap = tf.max(tf.abs(tf.sub(is, expected))).dataSync()[0];
          assert(gap < 1e-5, `${context}: ${gap}`);
        }
      }
    }
  }
});

test("3D poolings give the windows that a rounding mode adds", () => {
  const x = tf.reshape(tf.range(1, 5), [1, 4, 1, 1, 1]) as tf.Tensor5D;
  const window: [number, number, number] = [3, 1, 1];
  const largest = (x: tf.Tensor) =>
    tf.maxPool3d(x as tf.Tensor5D, window, [2, 1, 1], 0, "ceil");
  const mean = (x: tf.Tensor) =>
    tf.avgPool3d(x as tf.Tensor5D, window, [2, 1, 1], 0, "ceil");
  assertEquals([...largest(x).dataSync()], [3, 4]);
  assertEquals([...mean(x).dataSync()], [2, 3.5]);
  assertEquals([...tf.grad(largest)(x).dataSync()], [0, 0, 1, 1]);
  const sixths = (slope: number) => Math.round(6e5 * slope) / 1e5;
  const slopes = tf.grad(mean)(x).dataSync();
  assertEquals(Array.from(slopes, sixths), [2, 2, 5, 3]);
});

test("of several that are the largest in a window, the first gets the slope", () => {
  const x = tf.tensor4d([1, 1, 1, 1, 2, 2, 0, 0, Infinity], [1, 3, 3, 1]);
  const slopes = tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 2, 1, "valid"));
  assertEquals([
    ...slopes(x, tf.tensor4d([1, 10, 100, 1000], [1, 2, 2, 1])).dataSync(),
  ], [
    ...[0, 0, 0, 0, 111, 0, 0, 0, 1000],
  ]);
  const { indexes } = tf.maxPoolWithArgmax(x, 2, 1, "valid");
  assertEquals([...indexes.dataSync()], [4, 4, 4, 8]);
});

test("of a window with NaN the largest is NaN, and the first gets the slope", () => {
  const x = tf.tensor4d([1, NaN, 2, 3, 4, NaN, 6, 7, 8], [1, 3, 3, 1]);
  const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 1, "valid");
  assertEquals([...pool(x).dataSync()], [NaN, NaN, 7, NaN]);
  const dy = tf.tensor4d([1, 10, 100, 1000], [1, 2, 2, 1]);
  assertEquals([...tf.grad(pool)(x, dy).dataSync()], [
    ...[0, 11, 0, 0, 0, 1000, 0, 100, 0],
  ]);
  const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 1, "valid");
  assertEquals([...result.dataSync()], [NaN, NaN, 7, NaN]);
  assertEquals([...indexes.dataSync()], [1, 1, 7, 5]);
  const least = tf.fill([1, 2, 2, 1], -Infinity) as tf.Tensor4D;
  assertEquals([...tf.grad(pool)(least).dataSync()], [1, 0, 0, 0]);
});

test("the gradient of max pooling that says where is that of max pooling", () => {
  const x = values([2, 5, 6, 3], 1);
  const slopes = (f: (x: tf.Tensor4D) => tf.Tensor) => [
    ...tf.grad((x) => tf.square(f(x as tf.Tensor4D)))(x).dataSync(),
  ];
  assertEquals(
    slopes((x) => tf.maxPoolWithArgmax(x, 2, 2, "same").result),
    slopes((x) => tf.maxPool(x, 2, 2, "same")),
  );
});
