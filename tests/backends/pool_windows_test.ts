/** Poolings whose windows lie on padding alone. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "./_every_backend.ts";

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
