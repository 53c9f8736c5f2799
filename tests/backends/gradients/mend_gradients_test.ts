/**
 * Gradients that TensorFlow.js lacks, of images that are moved and of what is
 * updated: what is linear against its adjoint, the rest against differences. Those
 * of complex numbers are refused.
 */

import * as tf from "@tensorflow/tfjs";
import {
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type BackendName, preflight, PreflightError } from "@clr/clr/backends";
import { BACKENDS, testOn } from "../_every_backend.ts";
import { values } from "../wasm/_compare.ts";

/** A check of what may be waited for. */
function refuse(
  name: string,
  backends: readonly BackendName[],
  check: () => void | Promise<void>,
): void {
  for (const backend of backends) testOn(backend, name, check);
}

function test(
  name: string,
  backends: readonly BackendName[],
  check: () => void,
): void {
  refuse(name, backends, () => {
    const before = tf.memory().numTensors;
    tf.tidy(check);
    assertEquals(tf.memory().numTensors, before);
  });
}

const inner = (a: tf.Tensor, b: tf.Tensor) =>
  tf.sum(tf.mul(a, b)).dataSync()[0];

/** ⟨f(x), dy⟩ is ⟨x, gradient⟩ where f is linear. */
function assertAdjoint(f: (x: tf.Tensor4D) => tf.Tensor, x: tf.Tensor4D): void {
  const y = f(x);
  const dy = values(y.shape, 31);
  const gradient = tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x, dy);
  assertEquals(gradient.shape, x.shape);
  assertAlmostEquals(inner(x, gradient), inner(y, dy), 1e-4);
}

/** Each slope of Σ weights · f against a difference. */
function assertDifferences(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): void {
  const total = (x: tf.Tensor) => {
    const y = f(x);
    return tf.sum(tf.mul(y, values(y.shape, 32)));
  };
  const slopes = tf.grad(total)(x).dataSync();
  const at = x.dataSync();
  const step = 2 ** -9;
  slopes.forEach((slope, i) => {
    const [above, below] = [step, -step].map((move) => {
      const moved = Float32Array.from(at, (v, k) => k === i ? v + move : v);
      return total(tf.tensor(moved, x.shape)).dataSync()[0];
    });
    const must = (above - below) / (2 * step);
    assertAlmostEquals(slope, must, 4e-3 * Math.max(1, Math.abs(must)));
  });
}

const images = (channels = 3) => values([2, 5, 6, channels], 1) as tf.Tensor4D;
const boxes = () =>
  tf.tensor2d([
    [0.1, 0.2, 0.7, 0.9],
    [0.83, 0.12, 0.21, 0.57],
    [-0.3, 0.4, 0.6, 1.4],
  ]);
const boxInd = () => tf.tensor1d([1, 0, 1], "int32");

test("images that are turned have a gradient", BACKENDS, () => {
  for (const radians of [0.3, 1.2, -2.5]) {
    for (const channels of [1, 4]) {
      assertAdjoint(
        (x) => tf.image.rotateWithOffset(x, radians, 0, [0.4, 0.6]),
        images(channels),
      );
    }
  }
});

for (const method of ["bilinear", "nearest"] as const) {
  test(
    `images that are transformed by ${method} have a gradient`,
    BACKENDS,
    () => {
      const one = tf.tensor2d([[1.1, 0.2, 0.3, 0.1, 0.9, 0.2, 0.01, 0.02]]);
      const two = tf.concat([one, tf.tensor2d([[1, 0, 2, 0, 1, -1, 0, 0]])]);
      // Beyond every edge, and upside down.
      const far = tf.tensor2d([[-2.3, 0.4, 9.7, 0.3, -1.9, 7.2, 0, 0]]);
      for (const transforms of [one, two, far]) {
        for (
          const fill of ["constant", "reflect", "wrap", "nearest"] as const
        ) {
          for (const size of [undefined, [7, 4] as [number, number]]) {
            assertAdjoint(
              (x) => tf.image.transform(x, transforms, method, fill, 0, size),
              images(),
            );
          }
        }
      }
    },
  );
}

test("each pixel of a transformed image has its slope", BACKENDS, () => {
  const transforms = tf.tensor2d([[0.8, 0.3, -1.1, -0.2, 0.9, 0.6, 0.01, 0]]);
  for (const fill of ["constant", "reflect", "wrap", "nearest"] as const) {
    for (const [height, width] of [[4, 3], [1, 5], [3, 1]]) {
      assertDifferences(
        (x) =>
          tf.image.transform(
            x as tf.Tensor4D,
            transforms,
            "bilinear",
            fill,
            0.7,
            [4, 5],
          ),
        values([1, height, width, 2], 5),
      );
    }
  }
});

test("where a transform finds no pixel, none has a gradient", BACKENDS, () => {
  // Where the projection is 0, and where the coordinates are no numbers.
  const transforms = tf.tensor2d([
    [1, 0, 0.5, 0, 1, 0.5, -1, 0],
    [NaN, 0, 0, 0, 1, 0, 0, 0],
  ]);
  const [first, second] = tf.unstack(
    tf.grad((x) =>
      tf.image.transform(x as tf.Tensor4D, transforms, "bilinear")
    )(images(1)),
  );
  assertEquals(tf.all(tf.isFinite(first)).dataSync()[0], 1);
  assertEquals([...second.dataSync()], new Array(30).fill(0));
});

for (const method of ["bilinear", "nearest"] as const) {
  test(`images that are cropped by ${method} have a gradient`, BACKENDS, () => {
    for (const size of [[3, 4], [1, 2], [1, 1], [9, 8]] as const) {
      assertAdjoint(
        (x) => tf.image.cropAndResize(x, boxes(), boxInd(), [...size], method),
        images(),
      );
    }
  });
}

test("boxes of crops have a gradient", BACKENDS, () => {
  for (const size of [[3, 4], [1, 2]] as const) {
    assertDifferences(
      (boxes) =>
        tf.image.cropAndResize(
          images(2),
          boxes as tf.Tensor2D,
          tf.tensor1d([1, 0], "int32"),
          [...size],
          "bilinear",
        ),
      tf.tensor2d([[0.11, 0.23, 0.68, 0.87], [0.81, 0.13, 0.22, 0.58]]),
    );
  }
});

test("what is updated, and its updates, have a gradient", BACKENDS, () => {
  const indices = tf.tensor2d([[2], [0]], [2, 1], "int32");
  const updates = values([2, 3], 3);
  const tensor = values([4, 3], 4);
  const update = (tensor: tf.Tensor, updates: tf.Tensor) =>
    tf.square(tf.tensorScatterUpdate(tensor, indices, updates));
  assertDifferences((x) => update(x, updates), tensor);
  assertDifferences((x) => update(tensor, x), updates);
});

const COMPLEX = BACKENDS.filter((backend) => backend !== "wasm");

const REFUSED: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  Real: (x) => tf.real(tf.fft(tf.complex(x, x))),
  Imag: (x) => tf.imag(tf.spectral.rfft(x)),
  ComplexAbs: (x) => tf.abs(tf.spectral.rfft(x)),
};

for (const [kernel, f] of Object.entries(REFUSED)) {
  refuse(`gradients of ${kernel} are refused by name`, COMPLEX, () => {
    assertThrows(
      () => tf.grad(f)(tf.ones([4])),
      Error,
      `Cannot differentiate ${kernel} as its numbers must be floats`,
    );
  });
}

refuse(
  "a layer that transforms to frequencies is refused before it trains",
  COMPLEX,
  async () => {
    class Spectrum extends tf.layers.Layer {
      static className = "Spectrum";
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return [shape[0], shape[1]! / 2 + 1];
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.abs(tf.spectral.rfft([inputs].flat()[0]));
      }
    }
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [3], units: 4 }),
        new Spectrum({ name: "spectrum" }),
      ],
    });
    const error = await assertRejects(() => preflight(model), PreflightError);
    assertEquals([error.kernel, error.layer], [
      "ComplexAbs",
      '"spectrum" (Spectrum)',
    ]);
    model.dispose();
  },
);

test("mirrored images and diagonals have a gradient", BACKENDS, () => {
  assertAdjoint((x) => tf.image.flipLeftRight(x), images());
  for (const shape of [[5], [2, 3]]) {
    assertAdjoint((x) => tf.diag(x), values(shape, 2) as tf.Tensor4D);
  }
});

/** Strided slices with masks, and the places that each takes of counted values. */
const SLICES: readonly (readonly [
  shape: number[],
  slice: (x: tf.Tensor) => tf.Tensor,
  sliced: number[],
  places: number[],
])[] = [
  // x[1::2, :2, 1]
  [
    [4, 3, 2],
    (x) => tf.stridedSlice(x, [1, 0, 1], [0, 2, 2], [2, 1, 1], 0, 1, 0, 0, 4),
    [2, 2],
    [7, 9, 19, 21],
  ],
  // x[::-1, 2]
  [
    [3, 4],
    (x) => tf.stridedSlice(x, [0, 2], [0, 3], [-1, 1], 1, 1, 0, 0, 2),
    [3],
    [10, 6, 2],
  ],
  // x[None, 1:4:2]
  [
    [5, 2],
    (x) => tf.stridedSlice(x, [0, 1, 0], [0, 4, 2], [1, 2, 1], 0, 0, 0, 1),
    [1, 2, 2],
    [2, 3, 6, 7],
  ],
  // x[1, ..., 2]
  [
    [2, 2, 3],
    (x) => tf.stridedSlice(x, [1, 0, 2], [2, 0, 3], [1, 1, 1], 0, 0, 2, 0, 5),
    [2],
    [8, 11],
  ],
  // x[2:1, 1]
  [
    [4, 2],
    (x) => tf.stridedSlice(x, [2, 1], [1, 2], [1, 1], 0, 0, 0, 0, 2),
    [0],
    [],
  ],
  // x[2:1, 1:2]
  [
    [4, 2],
    (x) => tf.stridedSlice(x, [2, 1], [1, 2], [1, 1]),
    [0, 1],
    [],
  ],
];

test(
  "slices that leave out dimensions take what they are asked for",
  BACKENDS,
  () => {
    for (const [shape, slice, sliced, places] of SLICES) {
      const size = tf.util.sizeFromShape(shape);
      const x = tf.reshape(tf.range(0, size), shape);
      const y = slice(x);
      assertEquals(y.shape, sliced);
      assertEquals([...y.dataSync()], places);
      const slopes = tf.grad(slice)(x).dataSync();
      const taken = Array.from(
        { length: size },
        (_, i) => Number(places.includes(i)),
      );
      assertEquals([...slopes], taken);
    }
  },
);
