/** Images whose channels come first, against plain loops. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

const [CHANNELS, HEIGHT, WIDTH, MULTIPLIER] = [3, 4, 5, 2];

/** Small whole numbers, of which sums are exact. */
const number = (i: number) => (7 * i) % 11 - 5;
const image = () =>
  tf.tensor(
    Array.from({ length: CHANNELS * HEIGHT * WIDTH }, (_, i) => number(i)),
    [1, CHANNELS, HEIGHT, WIDTH],
  ) as tf.Tensor4D;
const filter = () =>
  tf.tensor(
    Array.from({ length: 4 * CHANNELS * MULTIPLIER }, (_, i) => number(i + 3)),
    [2, 2, CHANNELS, MULTIPLIER],
  ) as tf.Tensor4D;

/** The windows of 2×2 pixels of each channel by each of its filters. */
function correlated(pad: readonly [number, number]): number[] {
  const y: number[] = [];
  for (let c = 0; c < CHANNELS; c++) {
    for (let m = 0; m < MULTIPLIER; m++) {
      for (let row = 0; row < HEIGHT - 1 + pad[0]; row++) {
        for (let column = 0; column < WIDTH - 1 + pad[1]; column++) {
          let sum = 0;
          for (const [i, j] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
            const [h, w] = [row + i, column + j];
            if (h >= HEIGHT || w >= WIDTH) continue;
            sum += number((c * HEIGHT + h) * WIDTH + w) *
              number(((i * 2 + j) * CHANNELS + c) * MULTIPLIER + m + 3);
          }
          y.push(sum);
        }
      }
    }
  }
  return y;
}

const convolve = (
  x: tf.Tensor,
  f: tf.Tensor,
  pad: "valid" | "same" | [number, number][] = "valid",
) =>
  tf.depthwiseConv2d(
    x as tf.Tensor4D,
    f as tf.Tensor4D,
    1,
    pad as "valid",
    "NCHW",
  );

for (const backend of BACKENDS) {
  testOn(
    backend,
    "depthwiseConv2d() takes channels first",
    () =>
      onDevice(() => {
        const [x, f] = [image(), filter()];
        const y = convolve(x, f);
        assertEquals(y.shape, [
          1,
          CHANNELS * MULTIPLIER,
          HEIGHT - 1,
          WIDTH - 1,
        ]);
        assertEquals([...y.dataSync()], correlated([0, 0]));
        assertEquals(
          [...convolve(x, f, "same").dataSync()],
          correlated([1, 1]),
        );
        const below = [[0, 0], [0, 0], [0, 1], [0, 0]] as [number, number][];
        assertEquals([...convolve(x, f, below).dataSync()], correlated([1, 0]));
        // It is linear in both: ⟨∂x, x⟩ and ⟨∂f, f⟩ are ⟨dy, y⟩.
        const [dx, df] = tf.grads((x, f) => convolve(x, f))([x, f]);
        const sum = (x: tf.Tensor) => tf.sum(x).dataSync()[0];
        assertEquals(dx.shape, x.shape);
        assertEquals(df.shape, f.shape);
        assertEquals(sum(tf.mul(dx, x)), sum(y));
        assertEquals(sum(tf.mul(df, f)), sum(y));
      }),
  );

  testOn(backend, "depthToSpace() takes channels first", () =>
    onDevice(() => {
      const x = tf.reshape(tf.range(0, 48), [1, 8, 2, 3]) as tf.Tensor4D;
      const move = (x: tf.Tensor) =>
        tf.depthToSpace(x as tf.Tensor4D, 2, "NCHW");
      const y = move(x);
      const expected: number[] = [];
      for (let c = 0; c < 2; c++) {
        for (let h = 0; h < 4; h++) {
          for (let w = 0; w < 6; w++) {
            const from = ((h % 2) * 2 + w % 2) * 2 + c;
            expected.push((from * 2 + (h >> 1)) * 3 + (w >> 1));
          }
        }
      }
      assertEquals(y.shape, [1, 2, 4, 6]);
      assertEquals([...y.dataSync()], expected);
      // What each value's square has for a slope goes back to where it was.
      const slopes = tf.grad((x) => tf.square(move(x)))(x);
      assertEquals(slopes.dataSync(), tf.mul(x, 2).dataSync());
    }));
}
