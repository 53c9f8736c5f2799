/**
 * Values that are rarely met: bools and whole numbers, none at all, NaN, and
 * more dimensions than most tensors have; on every backend.
 */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { hasAdapter } from "./_adapter.ts";
import { onWebGPU } from "./webgpu/_on_webgpu.ts";

const BACKENDS: BackendName[] = [
  "cpu",
  "wasm",
  ...await hasAdapter() ? ["webgpu" as const] : [],
];

/** What is computed, its values, and its type where that is not float32. */
type Sample = readonly [
  () => tf.Tensor | tf.Tensor[],
  readonly unknown[],
  tf.DataType?,
];

const bools = (...values: number[]) =>
  tf.tensor(values, [values.length], "bool");
const whole = (...values: number[]) => tf.tensor1d(values, "int32");
const floats = (...values: number[]) => tf.tensor1d(values);
const none = (...shape: number[]) => tf.tensor([], shape);

/** The numbers from 0 in a shape of six dimensions. */
const SHAPE = [2, 3, 1, 2, 2, 2];
const counting = () => tf.reshape(tf.range(0, 48), SHAPE);

/** The same, moved by plain loops: of each place, the number that lies there. */
function moved(from: (index: number[]) => number[]): number[] {
  return Array.from({ length: 48 }, (_, at) => {
    const index: number[] = [];
    for (const length of SHAPE.toReversed()) {
      index.unshift(at % length);
      at = Math.floor(at / length);
    }
    return from(index).reduce((sum, i, axis) => sum * SHAPE[axis] + i, 0);
  });
}

/** Two places in those dimensions, and what to put there. */
const places = () =>
  tf.tensor2d([[1, 2, 0, 1, 0, 1], [0, 1, 0, 0, 1, 1]], [2, 6], "int32");
const [FIRST, SECOND] = [45, 11];
const put = (at: number, otherwise: number) =>
  at === FIRST ? 5 : at === SECOND ? 7 : otherwise;

const samples: Record<string, Sample> = {
  "the largest of NaN": [
    () => tf.topk(floats(1, NaN, 3, -Infinity, NaN, Infinity), 4).values,
    [NaN, NaN, Infinity, 3],
  ],
  "where the largest of NaN are": [
    () => tf.topk(floats(1, NaN, 3, -Infinity, NaN, Infinity), 6).indices,
    [1, 4, 5, 2, 0, 3],
    "int32",
  ],
  "taken from six dimensions": [
    () => tf.gatherND(counting(), places()),
    [FIRST, SECOND],
  ],
  "taken from five of six dimensions": [
    () => tf.gatherND(counting(), tf.slice(places(), [0, 0], [2, 5])),
    [44, 45, 10, 11],
  ],
  "put into six dimensions": [
    () => tf.reshape(tf.scatterND(places(), floats(5, 7), SHAPE), [48]),
    Array.from({ length: 48 }, (_, at) => put(at, 0)),
  ],
  "updated in six dimensions": [
    () =>
      tf.reshape(
        tf.tensorScatterUpdate(counting(), places(), floats(5, 7)),
        [48],
      ),
    Array.from({ length: 48 }, (_, at) => put(at, at)),
  ],
  "sparse in six dimensions": [
    () => tf.reshape(tf.sparseToDense(places(), floats(5, 7), SHAPE, 1), [48]),
    Array.from({ length: 48 }, (_, at) => put(at, 1)),
  ],
  "the logarithm of sums of infinities": [
    () =>
      tf.logSumExp(
        tf.tensor2d([
          ...[[-Infinity, -Infinity], [Infinity, 1], [-Infinity, 2]],
          ...[[Infinity, -Infinity], [NaN, Infinity]],
        ]),
        1,
      ),
    [-Infinity, Infinity, 2, Infinity, NaN],
  ],
  "bools added": [
    () => tf.add(bools(1, 0, 1), bools(1, 1, 0)),
    [2, 1, 1],
    "int32",
  ],
  "bools subtracted": [
    () => tf.sub(bools(1, 0, 1), bools(1, 1, 0)),
    [0, -1, 1],
    "int32",
  ],
  "bools and floats": [
    () => tf.add(bools(1, 0), tf.tensor1d([0.5, 0.25])),
    [1.5, 0.25],
  ],
  "many bools added": [
    () => tf.addN([bools(1, 0), bools(1, 1), bools(1, 0)]),
    [3, 1],
    "int32",
  ],
  "bools multiplied": [
    () => tf.mul(bools(1, 0, 1), bools(1, 1, 0)),
    [1, 0, 0],
    "bool",
  ],
  "bools divided": [
    () => tf.div(bools(1, 0), bools(1, 1)),
    [1, 0],
  ],
  "bools negated": [() => tf.neg(bools(1, 0)), [-1, 0], "int32"],
  "bools squared": [() => tf.square(bools(1, 0)), [1, 0], "int32"],
  "the absolute values of bools": [
    () => tf.abs(bools(1, 0)),
    [1, 0],
    "int32",
  ],
  "bools rounded": [() => tf.round(bools(1, 0, 1)), [1, 0, 1], "int32"],
  "relu of bools": [() => tf.relu(bools(1, 0, 1)), [1, 0, 1], "int32"],
  "the exponential of bools": [
    () => tf.round(tf.mul(tf.exp(bools(1, 0)), 1000)),
    [2718, 1000],
  ],
  "sums along bools": [
    () => tf.cumsum(bools(1, 0, 1, 1)),
    [1, 1, 2, 3],
    "int32",
  ],
  "the largest bools": [
    () => tf.topk(bools(0, 1, 0, 1), 2).indices,
    [1, 3],
    "int32",
  ],
  "bools of a condition": [
    () => tf.where(bools(1, 0, 1), bools(1, 1, 0), bools(0, 0, 1)),
    [1, 0, 0],
    "bool",
  ],
  "bools backwards": [
    () => tf.reverse(bools(1, 0, 0, 1, 1), 0),
    [1, 1, 0, 0, 1],
    "bool",
  ],
  "every second bool": [
    () => tf.stridedSlice(bools(1, 0, 0, 1, 1), [0], [5], [2]),
    [1, 0, 1],
    "bool",
  ],
  "bools scattered": [
    () =>
      tf.scatterND(tf.tensor2d([[2], [0]], [2, 1], "int32"), bools(1, 0), [3]),
    [0, 0, 1],
    "int32",
  ],
  "whole numbers divided, rounded down": [
    () => tf.floorDiv(whole(2147483647, -7, 7), whole(1, 2, -2)),
    [2147483647, -4, -4],
    "int32",
  ],
  "floats divided, rounded down": [
    () =>
      tf.floorDiv(
        floats(1e10, -7.5, 7, 1, NaN, -1),
        floats(0.5, 2, -2, 0, 1, Infinity),
      ),
    [2e10, -4, -4, Infinity, NaN, 0],
  ],
  "whole numbers in segments": [
    () => tf.unsortedSegmentSum(whole(1, 20, 300), whole(1, 0, 1), 2),
    [20, 301],
    "int32",
  ],
  "squares of whole numbers": [
    () => tf.square(whole(5001, -7)),
    [25010001, 49],
    "int32",
  ],
  "squared differences of whole numbers": [
    () => tf.squaredDifference(whole(16777217, 3), whole(16777214, 5)),
    [9, 4],
    "int32",
  ],
  "images of whole numbers resized": [
    () =>
      tf.image.resizeNearestNeighbor(
        tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1], "int32"),
        [2, 4],
      ),
    [1, 1, 2, 2, 3, 3, 4, 4],
    "int32",
  ],
  "whole numbers normalized": [
    () =>
      tf.batchNorm(
        tf.tensor2d([[3, 5]], [1, 2], "int32"),
        tf.tensor1d([1, 1]),
        tf.tensor1d([4, 4]),
        undefined,
        undefined,
        0,
      ),
    [1, 2],
  ],
  "the largest of none": [() => tf.max(none(0)), [-Infinity]],
  "the smallest of none": [
    () => tf.min(none(0, 2), 0),
    [Infinity, Infinity],
  ],
  "the largest of no whole numbers": [
    () => tf.max(tf.tensor([], [0], "int32")),
    [-2147483648],
    "int32",
  ],
  "the mean of none": [() => tf.mean(none(0, 2), 0), [NaN, NaN]],
  "the mean of no whole numbers": [
    () => tf.mean(tf.tensor([], [2, 0], "int32"), 1),
    [NaN, NaN],
  ],
  "the sum of none": [() => tf.sum(none(0, 2), 0), [0, 0]],
  "the slope of an absolute value": [
    () =>
      tf.grad((x: tf.Tensor) => tf.sum(tf.abs(x)))(
        tf.tensor1d([NaN, -3, 0, 2]),
      ),
    [NaN, -1, 0, 1],
  ],
  "NaN in one segment of several": [
    () => tf.unsortedSegmentSum(tf.tensor1d([1, NaN, 3]), whole(0, 1, 0), 3),
    [4, NaN, 0],
  ],
  "one number of a range": [() => tf.linspace(3, 9, 1), [3]],
  "six dimensions backwards": [
    () => tf.reverse(counting(), [1, 4]),
    moved(([a, b, c, d, e, f]) => [a, 2 - b, c, d, 1 - e, f]),
  ],
  "six dimensions by a condition": [
    () => tf.where(tf.less(counting(), 3), counting(), tf.neg(counting())),
    Array.from({ length: 48 }, (_, i) => i < 3 ? i : -i),
  ],
  "six dimensions padded": [
    () =>
      tf.slice(
        tf.pad(counting(), SHAPE.map((_, i) => [i % 2, i % 3])),
        SHAPE.map((_, i) => i % 2),
        SHAPE,
      ),
    Array.from({ length: 48 }, (_, i) => i),
  ],
  "the size of six dimensions padded with ones": [
    () =>
      tf.sum(
        tf.pad(tf.zeros(SHAPE), SHAPE.map(() => [0, 1]), 1),
      ),
    [3 * 4 * 2 * 3 * 3 * 3 - 48],
  ],
  "six dimensions added up": [
    () => tf.cumsum(counting(), 1, false, true),
    moved((index) => index).map((_, at) => {
      // The axis of 3 has 8 values behind each of its places.
      const place = Math.floor(at / 8) % 3;
      let sum = 0;
      for (let i = place; i < 3; i++) sum += at + (i - place) * 8;
      return sum;
    }),
  ],
  "the largest of negative values in windows, and where": [
    () => {
      const x = tf.tensor4d([-4, -3, -2, -1, -9, -8], [1, 2, 3, 1]);
      const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 1, "valid");
      return [result, tf.cast(indexes, "float32")];
    },
    [-1, -2, 3, 2],
  ],
  "a dilation of negative values": [
    () =>
      tf.dilation2d(
        tf.fill([1, 2, 2, 1], -3) as tf.Tensor4D,
        tf.zeros([2, 2, 1]),
        1,
        "same",
      ),
    [-3, -3, -3, -3],
  ],
  "images shifted over their border, the second other than the first": [
    () =>
      tf.image.transform(
        tf.tensor4d([1, 2, 3, 4, 5, 6], [2, 1, 3, 1]),
        tf.tensor2d([
          [1, 0, -1, 0, 1, 0, 0, 0],
          [1, 0, 1.5, 0, 1, 0, 0, 0],
        ]),
        "bilinear",
        "reflect",
      ),
    [1, 1, 2, 5.5, 6, 5.5],
  ],
  "an image that was turned, filled with a fraction": [
    () =>
      tf.image.rotateWithOffset(
        tf.tensor4d([1, 2, 3, 4], [1, 1, 4, 1]),
        Math.PI / 2,
        0.25,
        [0, 0],
      ),
    [1, 0.25, 0.25, 0.25],
  ],
  "an image of four channels that was turned, opaque where it is filled": [
    () =>
      tf.image.rotateWithOffset(
        tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 4]),
        Math.PI / 2,
        [0.125, 20, 30],
        [0, 0],
      ),
    [1, 2, 3, 4, 0.125, 20, 30, 255],
  ],
  "0 to powers below 0": [
    () => tf.pow(floats(0, -0, -0), floats(-1, -3, -2)),
    [Infinity, -Infinity, Infinity],
  ],
  "0 to powers below 0, four at a time": [
    () => tf.pow(floats(0, -0, -0, 2), floats(-1, -3, -2, -1)),
    [Infinity, -Infinity, Infinity, 0.5],
  ],
  "angles of what has no direction, and of infinities": [
    () =>
      tf.round(tf.mul(
        tf.atan2(
          floats(0, -0, 0, 0, Infinity, -Infinity, 1, NaN, -3),
          floats(0, 0, -0, -1, Infinity, -Infinity, -Infinity, 1, 4),
        ),
        4 / Math.PI * 1e4,
      )),
    [0, 0, 40000, 40000, 10000, -30000, 40000, NaN, -8193],
  ],
  "inverse functions at the ends of their ranges, and past them": [
    () =>
      tf.concat([
        tf.asin(floats(0.5, -1, 1.5)),
        tf.acos(floats(0.5, -1, -1.5)),
        tf.atan(floats(Infinity, -1, NaN)),
        tf.div(tf.acosh(floats(1, 1e30, 0.5)), Math.PI),
      ]).div(Math.PI).mul(6e5).round(),
    [
      ...[1e5, -3e5, NaN, 2e5, 6e5, NaN, 3e5, -15e4, NaN],
      ...[0, Math.round(6e5 * Math.acosh(1e30) / Math.PI ** 2), NaN],
    ],
  ],
  "remainders by infinity": [
    () => tf.mod(floats(5, -5, -5), floats(Infinity, Infinity, -Infinity)),
    [5, NaN, -5],
  ],
  "remainders by infinity, four at a time": [
    () =>
      tf.mod(
        floats(5, -5, -5, Infinity),
        floats(Infinity, Infinity, -Infinity, Infinity),
      ),
    [5, NaN, -5, NaN],
  ],
  "whole numbers divided by 0": [
    () => tf.floorDiv(whole(5, -5, 0), whole(0, 0, 0)),
    [0, 0, 0],
    "int32",
  ],
  "whole numbers divided by 0, four at a time": [
    () => tf.floorDiv(whole(5, -5, 0, 7), whole(0, 0, 0, -2)),
    [0, 0, 0, -4],
    "int32",
  ],
  "remainders of whole numbers by 0": [
    () => tf.mod(whole(5, -5, 0, -7), whole(0, 0, 0, 4)),
    [0, 0, 0, 1],
    "int32",
  ],
  "a slope of whole numbers": [
    () => tf.prelu(whole(2, -3), whole(5, 4)),
    [2, -12],
  ],
  "products of matrices of whole numbers": [
    () =>
      tf.matMul(
        tf.tensor2d([[1, 2, 3], [4, 5, 6]], [2, 3], "int32"),
        tf.tensor2d([[7, 8, 9], [1, 0, 1]], [2, 3], "int32"),
        false,
        true,
      ),
    [50, 4, 122, 10],
    "int32",
  ],
  "a confusion matrix": [
    () => tf.math.confusionMatrix(whole(0, 1, 1), whole(0, 0, 1), 2),
    [1, 0, 1, 1],
    "int32",
  ],
  "how often numbers occur in a matrix": [
    () =>
      tf.bincount(
        tf.tensor2d(
          [[0, 2], [2, 1]],
          [2, 2],
          "int32",
        ) as unknown as tf.Tensor1D,
        tf.tensor1d([]),
        3,
      ),
    [1, 1, 2],
  ],
  "how often numbers occur in the rows of a matrix": [
    () => {
      const x = tf.tensor2d(
        [[0, 2, 2, 2, 9], [1, 1, 0, 1, 1]],
        [2, 5],
        "int32",
      );
      return [
        tf.denseBincount(x, tf.tensor2d([], [0, 0]), 3),
        tf.denseBincount(x, tf.tensor2d([], [0, 0]), 3, true),
        tf.denseBincount(x, tf.fill([2, 5], 0.5) as tf.Tensor2D, 3),
      ];
    },
    [1, 0, 3, 1, 4, 0, 1, 0, 1, 1, 1, 0, 0.5, 0, 1.5, 0.5, 2, 0],
  ],
  "where a dilation's gradient goes, over the border": [
    () => {
      const x = tf.tensor4d([1, 5, 2, 7, 3, 1, 4, 9, 8], [1, 3, 3, 1]);
      const filter = tf.tensor3d([0, 1, 0, 2], [2, 2, 1]);
      const [dx, dFilter] = tf.grads((x, filter) =>
        tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, 1, "same")
      )([x, filter]);
      return [dx, dFilter];
    },
    [0, 1, 1, 1, 0, 0, 0, 3, 3, 4, 1, 2, 2],
  ],
};

for (const backend of BACKENDS) {
  Deno.test({
    name: `values that are rarely met are right on ${backend}`,
    async fn(t) {
      await selectBackend({ backend });
      const isGpu = backend === "webgpu";
      // The processor would compute with what is small and not yet sent.
      if (isGpu) tf.env().set("WEBGPU_CPU_FORWARD", false);
      for (const [name, [compute, values, dtype]] of Object.entries(samples)) {
        await t.step(name, async () => {
          const made = [tf.tidy(compute)].flat();
          const got = await Promise.all(made.map((tensor) => tensor.data()));
          assertEquals(
            got.flatMap((data) => Array.from(data, (x) => Number(x) + 0)),
            values,
          );
          for (const tensor of made) {
            assertEquals(tensor.dtype, dtype ?? "float32");
          }
          tf.dispose(made);
        });
      }
      if (!isGpu) return;
      tf.env().set("WEBGPU_CPU_FORWARD", true);
      await onWebGPU(() => {});
    },
  });
}

Deno.test("the CPU backend broadcasts complex numbers, and refuses to forget a part", async () => {
  await selectBackend({ backend: "cpu" });
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const a = tf.complex([[1, 2], [3, 4]], [[0, 1], [-1, 2]]);
    const b = tf.complex([2, -1], [1, 3]);
    const parts = (x: tf.Tensor) =>
      [tf.real(x), tf.imag(x)].map((part) => [...part.dataSync()]);
    assertEquals(parts(tf.add(a, b)), [[3, 1, 5, 3], [1, 4, 0, 5]]);
    assertEquals(parts(tf.sub(a, b)), [[-1, 3, 1, 5], [-1, -2, -2, -1]]);
    assertEquals(parts(tf.mul(a, b)), [[2, -5, 7, -10], [1, 5, 1, 10]]);
    assertEquals(parts(tf.mul(a, tf.tensor1d([2, 3]))), [
      [2, 6, 6, 12],
      [0, 3, -2, 6],
    ]);
    assertThrows(() => tf.mean(b), TypeError, "Cannot run Mean on the cpu");
  });
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("WASM refuses strings where it would read or write something else", async () => {
  await selectBackend({ backend: "wasm" });
  const words = tf.tensor1d(["a", "b"]);
  const before = tf.memory().numTensors;
  for (
    const compute of [
      () => tf.equal(words, words),
      () => tf.tile(words, [2]),
      () => tf.fill([2], "a"),
    ]
  ) {
    const { message } = assertThrows(() => tf.tidy(compute), TypeError);
    assertEquals(message.includes('selectBackend({ backend: "cpu" })'), true);
  }
  // What it has is right.
  const joined = tf.tidy(() => tf.concat([words.clone(), tf.slice(words, 1)]));
  assertEquals([...joined.dataSync()].map(String), ["a", "b", "b"]);
  joined.dispose();
  assertEquals(tf.memory().numTensors, before);
  words.dispose();
});
