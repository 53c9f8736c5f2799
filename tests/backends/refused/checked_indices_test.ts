/** Indices that lead outside: refused, or, computed on a GPU, made to be seen. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "../webgpu/_on_webgpu.ts";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

const at = (...index: number[]) => tf.tensor2d([index], undefined, "int32");
const x = () => tf.reshape(tf.range(0, 6), [2, 3]);

const OUTSIDE: readonly (() => tf.Tensor)[] = [
  () => tf.gather(x(), tf.tensor1d([0, 2], "int32")),
  () => tf.gather(x(), tf.tensor1d([-1], "int32"), 1),
  () => tf.gatherND(x(), at(0, 3)),
  () => tf.gatherND(x(), at(-1, 0)),
  () => tf.scatterND(at(7), tf.tensor1d([1]), [3]),
  () => tf.tensorScatterUpdate(tf.range(0, 3), at(8), tf.tensor1d([1])),
  () => tf.sparseToDense(at(4), tf.tensor1d([1]), [4], tf.scalar(0)),
  () =>
    tf.image.cropAndResize(
      tf.zeros([1, 4, 4, 1]),
      tf.tensor2d([[0, 0, 1, 1]]),
      tf.tensor1d([1], "int32"),
      [2, 2],
    ),
];

for (const backend of BACKENDS) {
  testOn(backend, "indices out of range are refused", () => {
    for (const compute of OUTSIDE) {
      const error = assertThrows(() => tf.tidy(compute), RangeError);
      assertEquals(error.message.includes("as indices into"), true);
    }
  });
}

/** Runs on the GPU, where nothing small is left to the processor. */
function onGpu(name: string, check: () => void | Promise<void>): void {
  test(name, () => onDevice(check));
}

/** Indices that the processor does not know. */
function computed(values: number[], shape = [values.length]): tf.Tensor {
  return tf.add(
    tf.tensor(values, shape, "int32"),
    tf.zeros(shape, "int32"),
  );
}

function assertValues(actual: tf.Tensor, expected: number[]): void {
  assertEquals([...actual.dataSync()], expected);
}

onGpu("what computed indices read out of range is NaN", () => {
  assertValues(
    tf.gather(tf.tensor1d([1, 2, 3]), computed([2, 3, -1, 0])),
    [3, NaN, NaN, 1],
  );
  assertValues(tf.gather(x(), computed([1, 5]), 1), [1, NaN, 4, NaN]);
  // Each along its own axis: 4 columns further is the next row's.
  assertValues(
    tf.gatherND(x(), computed([0, 4, 1, 2, 1, -1, 2, 0], [4, 2])),
    [NaN, 5, NaN, NaN],
  );
  assertValues(
    tf.gatherND(x(), computed([1, 2], [2, 1])),
    [3, 4, 5, NaN, NaN, NaN],
  );
  assertValues(
    tf.gatherND(
      tf.reshape(tf.range(0, 24), [2, 3, 4]),
      computed([1, 2, 3, 1, 3, 0], [2, 3]),
    ),
    [23, NaN],
  );
  const crops = tf.image.cropAndResize(
    tf.ones([3, 2, 2, 1]),
    tf.tensor2d([[0, 0, 1, 1], [0, 0, 1, 1]]),
    computed([2, 3]) as tf.Tensor1D,
    [1, 2],
  );
  assertValues(crops, [1, 1, NaN, NaN]);
});

onGpu("what computed indices write out of range is NaN", () => {
  const updates = tf.tensor1d([1, 2, 3]);
  const places = computed([1, 7, 1], [3, 1]);
  assertValues(tf.scatterND(places, updates, [3]), [0, 4, NaN]);
  assertValues(
    tf.tensorScatterUpdate(
      tf.tensor1d([5, 6, 7]),
      computed([2, 1, -1], [3, 1]),
      updates,
    ),
    [NaN, 2, 1],
  );
  // Also where another update goes to the place that is made NaN.
  for (const order of [[2, 7], [7, 2]]) {
    assertValues(
      tf.tensorScatterUpdate(
        tf.zeros([3]),
        computed(order, [2, 1]),
        tf.ones([2]),
      ),
      [0, 0, NaN],
    );
  }
  assertValues(
    tf.sparseToDense(computed([1, 4]), tf.tensor1d([1, 2]), [4], tf.scalar(9)),
    [9, 1, 9, NaN],
  );
  assertValues(
    tf.scatterND(computed([0, 1, 1, 3], [2, 2]), tf.tensor1d([1, 2]), [2, 3]),
    [0, 1, 0, 0, 0, NaN],
  );
});

onGpu(
  "of whole numbers, computed indices out of range read 0 and write nothing",
  () => {
    const whole = tf.tensor1d([1, 2, 3], "int32");
    assertValues(tf.gather(whole, computed([2, 3, -1, 0])), [3, 0, 0, 1]);
    assertValues(tf.gatherND(whole, computed([2, 3], [2, 1])), [3, 0]);
    assertValues(tf.scatterND(computed([1, 7, 1], [3, 1]), whole, [3]), [
      0,
      4,
      0,
    ]);
    assertValues(
      tf.tensorScatterUpdate(
        whole,
        computed([2, 1, -1], [3, 1]),
        tf.tensor1d([7, 8, 9], "int32"),
      ),
      [1, 8, 7],
    );
  },
);

onGpu("segments and numbers out of range are left out, as elsewhere", () => {
  assertValues(
    tf.unsortedSegmentSum(
      tf.tensor1d([1, 2, 4, 8]),
      computed([1, 3, -1, 0]) as tf.Tensor1D,
      3,
    ),
    [8, 1, 0],
  );
  assertValues(
    tf.bincount(computed([1, -1, 5, 1]) as tf.Tensor1D, tf.tensor1d([]), 3),
    [0, 2, 0],
  );
});

onGpu(
  "an embedding of a word beyond its last trains to NaN, not to something else",
  async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 4, outputDim: 3, inputLength: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const words = tf.tensor2d([[0, 3], [1, 4], [2, 2], [1, 0]]);
    const targets = tf.ones([4, 1]);
    const { history } = await model.fit(words, targets, {
      epochs: 1,
      batchSize: 4,
    });
    assertEquals(history.loss, [NaN]);
    model.dispose();
    tf.dispose([words, targets]);
  },
);
