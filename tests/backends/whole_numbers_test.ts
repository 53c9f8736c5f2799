/** Whole numbers that no float holds, on every backend, against exact loops. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import type { BackendName } from "@clr/clr/backends";
import { randomFrom } from "./ops/_operation.ts";
import { BACKENDS, onDevice, testOn } from "./_every_backend.ts";

const LEAST = 2 ** 24;

/** Numbers of more bits than a float has, of both signs. */
function large(shape: number[], seed: number): tf.Tensor {
  const next = randomFrom(seed);
  const values = Int32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => (next() < 0.5 ? -1 : 1) * Math.floor(LEAST * (1 + 60 * next())),
  );
  return tf.tensor(values, shape, "int32");
}

/** Numbers from -5 to 6, of which none is 0. */
function small(shape: number[], seed: number): tf.Tensor {
  const next = randomFrom(seed);
  const values = Int32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => Math.floor(11 * next()) - 5 || 6,
  );
  return tf.tensor(values, shape, "int32");
}

const of = (values: number[], ...shape: number[]) =>
  tf.tensor(values, shape.length > 0 ? shape : undefined, "int32");

function test(
  name: string,
  backends: readonly BackendName[],
  check: () => void,
): void {
  for (const backend of backends) testOn(backend, name, () => onDevice(check));
}

/** The remainder that has the sign of what is divided by. */
const modulo = (a: number, b: number) => (((a % b) + b) % b) + 0;

const BINARY: Record<
  string,
  readonly [
    (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
    (a: number, b: number) => number,
  ]
> = {
  add: [tf.add, (a, b) => (a + b) | 0],
  sub: [tf.sub, (a, b) => (a - b) | 0],
  mul: [tf.mul, Math.imul],
  floorDiv: [tf.floorDiv, (a, b) => Math.floor(a / b)],
  mod: [tf.mod, modulo],
  maximum: [tf.maximum, Math.max],
  minimum: [tf.minimum, Math.min],
  equal: [tf.equal, (a, b) => Number(a === b)],
  notEqual: [tf.notEqual, (a, b) => Number(a !== b)],
  less: [tf.less, (a, b) => Number(a < b)],
  lessEqual: [tf.lessEqual, (a, b) => Number(a <= b)],
  greater: [tf.greater, (a, b) => Number(a > b)],
  greaterEqual: [tf.greaterEqual, (a, b) => Number(a >= b)],
};

/** Shapes that broadcast, of which some are read four numbers at a time. */
const PAIRS: readonly (readonly [number[], number[]])[] = [
  [[3, 5], [3, 5]],
  [[3, 8], [3, 8]],
  [[3, 8], [8]],
  [[3, 5], [3, 1]],
  [[4, 300], [300]],
  [[2, 4], []],
];

for (const [name, [compute, exact]] of Object.entries(BINARY)) {
  test(`${name} of whole numbers is exact`, BACKENDS, () => {
    for (const [i, [left, right]] of PAIRS.entries()) {
      const a = large(left, i + 1);
      const isDivision = name === "floorDiv" || name === "mod";
      const isComparison = /qual|less|greater/.test(name);
      const b = isDivision || name === "mul"
        ? small(right, i + 50)
        // Neighbours, which a float takes for the same.
        : isComparison && left.join() === right.join()
        ? tf.add(a, small(right, i + 50))
        : large(right, i + 50);
      const [x, y] = [a, b].map((of) => tf.broadcastTo(of, left).dataSync());
      assertEquals(
        [...compute(a, b).dataSync()],
        [...x].map((value, k) => exact(value, y[k])),
      );
    }
  });
}

const UNARY: Record<
  string,
  readonly [(x: tf.Tensor) => tf.Tensor, (x: number) => number]
> = {
  abs: [tf.abs, Math.abs],
  neg: [tf.neg, (x) => -x],
  sign: [tf.sign, Math.sign],
  relu: [tf.relu, (x) => Math.max(x, 0)],
  relu6: [tf.relu6, (x) => Math.min(Math.max(x, 0), 6)],
  square: [tf.square, (x) => Math.imul(x, x)],
  clipByValue: [
    (x) => tf.clipByValue(x, -LEAST - 1, LEAST + 33),
    (x) => Math.min(Math.max(x, -LEAST - 1), LEAST + 33),
  ],
};

for (const [name, [compute, exact]] of Object.entries(UNARY)) {
  test(`${name} of whole numbers is exact`, BACKENDS, () => {
    const x = large([3, 7], 3);
    const given = name === "square" ? tf.floorDiv(x, of([30011])) : x;
    const values = [...given.dataSync()];
    assertEquals([...compute(given).dataSync()], values.map((x) => exact(x)));
  });
}

test("powers of whole numbers are exact", BACKENDS, () => {
  for (const length of [3, 8]) {
    const bases = [1234, -1235, 3, 5, 8191, -1, 7, -46341].slice(0, length);
    const exponents = [2, 2, 19, 11, 2, 7, 0, 1].slice(0, length);
    assertEquals(
      [...tf.pow(of(bases), of(exponents)).dataSync()],
      bases.map((base, i) => base ** exponents[i]),
    );
  }
});

/** Σ, or what else, along an axis of [3, 70, 5]. */
const REDUCTIONS: Record<
  string,
  readonly [
    (x: tf.Tensor, axis: number) => tf.Tensor,
    (a: number, b: number) => number,
  ]
> = {
  sum: [tf.sum, (a, b) => (a + b) | 0],
  max: [tf.max, Math.max],
  min: [tf.min, Math.min],
  prod: [tf.prod, Math.imul],
};

for (const [name, [compute, join]] of Object.entries(REDUCTIONS)) {
  // In doubles, products of many lose what is below 2^53.
  const backends = BACKENDS.filter((backend) =>
    name !== "prod" || backend === "webgpu"
  );
  test(`${name} of whole numbers is exact along every axis`, backends, () => {
    const x = large([3, 70, 5], 4) as tf.Tensor3D;
    const rows = x.arraySync();
    for (const axis of [0, 1, 2]) {
      const moved = [0, 1, 2].filter((i) => i !== axis);
      const expected: number[] = [];
      const [first, second] = moved.map((i) => x.shape[i]);
      for (let i = 0; i < first; i++) {
        for (let j = 0; j < second; j++) {
          const line = Array.from({ length: x.shape[axis] }, (_, k) => {
            const at = [0, 0, 0];
            [at[moved[0]], at[moved[1]], at[axis]] = [i, j, k];
            return rows[at[0]][at[1]][at[2]];
          });
          expected.push(line.reduce((a, b) => join(a, b)));
        }
      }
      assertEquals([...compute(x, axis).dataSync()], expected);
    }
  });
}

test("running sums and products of whole numbers are exact", BACKENDS, () => {
  const x = large([2, 9], 5) as tf.Tensor2D;
  const running = (line: number[], join: (a: number, b: number) => number) =>
    line.map((_, i) => line.slice(0, i + 1).reduce((a, b) => join(a, b)));
  assertEquals(
    tf.cumsum(x, 1).arraySync(),
    x.arraySync().map((line) => running(line, (a, b) => (a + b) | 0)),
  );
  const factors = of([8191, 8193, 31, 12345, -12347, 3], 2, 3) as tf.Tensor2D;
  assertEquals(
    tf.cumprod(factors, 1).arraySync(),
    factors.arraySync().map((line) => running(line, Math.imul)),
  );
});

/** How numbers are moved, or chosen, by where they are. */
const MOVES: Record<string, (x: tf.Tensor) => tf.Tensor | tf.Tensor[]> = {
  transpose: (x) => tf.transpose(x, [2, 0, 1]),
  "transpose of a matrix": (x) => tf.transpose(tf.reshape(x, [6, 16])),
  slice: (x) => tf.slice(x, [1, 1, 2], [2, 2, 5]),
  stridedSlice: (x) => tf.stridedSlice(x, [0, 0, 1], [3, 4, 8], [2, 3, 2]),
  tile: (x) => tf.tile(x, [2, 1, 3]),
  reverse: (x) => tf.reverse(x, [0, 2]),
  mirrorPad: (x) => tf.mirrorPad(x, [[1, 1], [0, 2], [3, 0]], "reflect"),
  concat: (x) => tf.concat([x, tf.reverse(x, 0)], 1),
  stack: (x) => tf.stack([x, tf.reverse(x, 0)], 2),
  unstack: (x) => tf.unstack(x, 1),
  split: (x) => tf.split(x, 2, 2),
  gather: (x) => tf.gather(x, of([2, 0, 1, 1]), 1),
  gatherND: (x) => tf.gatherND(x, of([2, 0, 1, 1], 2, 2)),
  scatterND: (x) => tf.scatterND(of([3, 0, 1], 3, 1), x, [4, 4, 8]),
  tensorScatterUpdate: (x) =>
    tf.tensorScatterUpdate(x, of([2], 1, 1), tf.slice(x, 0, 1)),
  unsortedSegmentSum: (x) =>
    tf.unsortedSegmentSum(x, of([2, 0, 3]) as tf.Tensor1D, 4),
  where: (x) =>
    tf.where(tf.greater(small([3, 4, 8], 9), 0), x, tf.reverse(x, 1)),
  broadcastTo: (x) => tf.broadcastTo(tf.slice(x, 0, 1), [3, 4, 8]),
  diag: (x) => tf.diag(tf.reshape(tf.slice(x, [0, 0, 0], [1, 1, 8]), [8])),
  spaceToBatchND: (x) =>
    tf.spaceToBatchND(tf.reshape(x, [1, 6, 16, 1]), [2, 2], [[0, 0], [0, 0]]),
  batchToSpaceND: (x) =>
    tf.batchToSpaceND(tf.reshape(x, [4, 2, 3, 4]), [2, 2], [[0, 0], [0, 0]]),
  topk: (x) => tf.topk(x, 3).values,
};

for (const [name, move] of Object.entries(MOVES)) {
  test(`${name} keeps every bit of whole numbers`, BACKENDS, () => {
    // Sorted, so that what is chosen by size is chosen alike of the places.
    const sorted = large([96], 6).dataSync().slice().sort();
    const values = [0, ...sorted];
    const shape = [3, 4, 8];
    const x = tf.tensor(sorted, shape, "int32");
    const places = tf.reshape(tf.range(1, 97, 1, "int32"), shape);
    [move(x)].flat().forEach((moved, i) => {
      const from = [move(places)].flat()[i].dataSync();
      assertEquals([...moved.dataSync()], [...from].map((at) => values[at]));
      assertEquals(moved.dtype, "int32");
    });
  });
}

test("whole numbers are filled in, padded and chosen exactly", BACKENDS, () => {
  const odd = LEAST + 1;
  const equal = (x: tf.Tensor, values: number[]) =>
    assertEquals([...x.dataSync()], values);
  equal(tf.fill([3], odd, "int32"), [odd, odd, odd]);
  equal(tf.pad(of([odd + 2]), [[1, 1]], odd), [odd, odd + 2, odd]);
  equal(tf.oneHot(of([1, 0]), 2, odd, -odd, "int32"), [-odd, odd, odd, -odd]);
  const [places, filled] = [of([1, 3]), of([odd, odd + 2])];
  equal(
    tf.sparseToDense(places, filled, [5], tf.scalar(odd + 4, "int32")),
    [odd + 4, odd, odd + 4, odd + 2, odd + 4],
  );
  equal(tf.addN([of([odd]), of([2]), of([odd])]), [2 * odd + 2]);
  equal(
    tf.lowerBound(of([LEAST, odd, odd + 1, odd + 2]), of([odd, odd + 2])),
    [1, 3],
  );
  equal(
    tf.bincount(
      of([1, 1, 2]) as tf.Tensor1D,
      of([odd, 2, odd + 2]) as tf.Tensor1D,
      4,
    ),
    [
      0,
      odd + 2,
      odd + 2,
      0,
    ],
  );
});

test("images of whole numbers are resized to the nearest", BACKENDS, () => {
  const image = tf.reshape(
    tf.range(LEAST + 1, LEAST + 25, 1, "int32"),
    [1, 4, 6, 1],
  );
  const resize = (corners: boolean, centers: boolean) =>
    tf.image.resizeNearestNeighbor(
      image as tf.Tensor4D,
      [3, 4],
      corners,
      centers,
    );
  const rows = (...rows: number[]) =>
    rows.flatMap((row) =>
      columns.map((column) => LEAST + 1 + 6 * row + column)
    );
  let columns = [0, 1, 3, 4];
  assertEquals([...resize(false, false).dataSync()], rows(0, 1, 2));
  columns = [0, 2, 3, 5];
  assertEquals([...resize(true, false).dataSync()], rows(0, 2, 3));
  columns = [0, 2, 3, 5];
  assertEquals([...resize(false, true).dataSync()], rows(0, 2, 3));
});

test("the largest whole numbers of windows are exact", BACKENDS, () => {
  const x = large([2, 5, 6, 3], 4) as tf.Tensor4D;
  const values = x.arraySync();
  const y = tf.maxPool(x, [3, 2], [2, 1], "valid");
  assertEquals(y.dtype, "int32");
  assertEquals(
    y.arraySync(),
    values.map((image) =>
      [0, 2].map((row) =>
        [0, 1, 2, 3, 4].map((column) =>
          [0, 1, 2].map((channel) =>
            Math.max(
              ...image.slice(row, row + 3).flatMap((line) =>
                line.slice(column, column + 2).map((pixel) => pixel[channel])
              ),
            )
          )
        )
      )
    ),
  );
});

test("products of matrices of whole numbers are exact", BACKENDS, () => {
  for (
    const [rows, inner, columns] of [
      [3, 2, 4],
      [33, 17, 5],
      [64, 64, 64],
      [4, 2100, 4],
      [1, 9, 40],
    ]
  ) {
    const a = tf.floorDiv(large([rows, inner], 7), of([4001])) as tf.Tensor2D;
    const b = tf.floorDiv(
      large([inner, columns], 8),
      of([200003]),
    ) as tf.Tensor2D;
    const [x, y] = [a.arraySync(), b.arraySync()];
    const expected = x.map((row) =>
      y[0].map((_, j) =>
        row.reduce((sum, value, k) => sum + value * y[k][j], 0)
      )
    );
    const wrapped = expected.map((row) => row.map((value) => value | 0));
    assertEquals(tf.matMul(a, b).arraySync(), wrapped);
    assertEquals(
      tf.matMul(a, tf.transpose(b), false, true).arraySync() as number[][],
      wrapped,
    );
  }
});
