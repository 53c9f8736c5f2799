import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { selectBackend } from "@clr/clr/backends";
import type { BackendWasm } from "../../../../src/backends/wasm/_wasm_kernel.ts";
import {
  Compute,
  type Scratch,
} from "../../../../src/backends/wasm/compute/compute.ts";
import { plain } from "../../../../src/backends/wasm/compute/finish.ts";
import type {
  Images,
  Windows,
} from "../../../../src/backends/wasm/compute/frame.ts";
import type { Weights } from "../../../../src/backends/wasm/compute/weights.ts";
import {
  convolveWinograd,
  correlateWinograd,
} from "../../../../src/backends/wasm/compute/winograd.ts";
import {
  type WinogradTile,
  winogradTiles,
} from "../../../../src/backends/wasm/compute/_winograd_matrices.ts";

/** A convolution at stride 1. */
interface Shape {
  readonly tile: WinogradTile;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly columns: number;
  /** Zeros before the first pixel, and behind the last one. */
  readonly before: number;
  readonly after: number;
  readonly seed: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  tile: fc.constantFrom(...winogradTiles),
  count: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 5, max: 13 }),
  width: fc.integer({ min: 5, max: 13 }),
  channels: fc.integer({ min: 1, max: 13 }),
  columns: fc.integer({ min: 1, max: 19 }),
  before: fc.integer({ min: 0, max: 4 }),
  after: fc.integer({ min: 0, max: 4 }),
  seed: fc.nat(),
});

const sample = fc.sample(shapes, { numRuns: 200, seed: 14 });

function windowsOf(shape: Shape): Windows {
  const { taps } = shape.tile;
  const outputs = (size: number) =>
    size + shape.before + shape.after - taps + 1;
  return {
    rows: outputs(shape.height),
    columns: outputs(shape.width),
    top: shape.before,
    left: shape.before,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    filterHeight: taps,
    filterWidth: taps,
  };
}

function random(size: number, seed: number): Float32Array {
  return tf.randomNormal([size], 0, 1, "float32", seed)
    .dataSync() as Float32Array;
}

await selectBackend({ backend: "wasm" });
const compute = Compute.of(tf.backend() as unknown as BackendWasm);

function place(values: Float32Array): Scratch {
  const scratch = compute.scratch(4 * values.length);
  compute.floats(scratch.address, values.length).set(values);
  return scratch;
}

function imagesOf(shape: Shape, address: number): Images {
  const { count, height, width, channels } = shape;
  return { address, count, height, width, channels };
}

/** The weights as they lie in a filter of [taps, taps, channels, columns]. */
function weightsOf(shape: Shape, address: number): Weights {
  const { tile: { taps }, channels, columns } = shape;
  return {
    address,
    tapRows: 1,
    tapRowStep: 0,
    taps: 1,
    tapStep: 0,
    run: taps * taps * channels,
    rowStep: 4 * columns,
    columns,
    columnStep: 4,
  };
}

/** Calls back with the index of an input, a weight and an output, each way. */
function eachTerm(
  shape: Shape,
  term: (x: number, weight: number, output: number) => void,
): void {
  const { count, height, width, channels, columns, tile: { taps } } = shape;
  const { rows, columns: across, top, left } = windowsOf(shape);
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < across; column++) {
        const output = ((image * rows + row) * across + column) * columns;
        for (let tap = 0; tap < taps * taps; tap++) {
          const y = row - top + Math.floor(tap / taps);
          const x = column - left + tap % taps;
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const pixel = ((image * height + y) * width + x) * channels;
          for (let channel = 0; channel < channels; channel++) {
            const weight = (tap * channels + channel) * columns;
            for (let k = 0; k < columns; k++) {
              term(pixel + channel, weight + k, output + k);
            }
          }
        }
      }
    }
  }
}

function sizesOf(shape: Shape) {
  const { rows, columns } = windowsOf(shape);
  return {
    x: shape.count * shape.height * shape.width * shape.channels,
    weights: shape.tile.taps ** 2 * shape.channels * shape.columns,
    y: shape.count * rows * columns * shape.columns,
  };
}

/** The relative root mean square of the differences. */
function relativeError(
  values: ArrayLike<number>,
  exact: Float64Array,
): number {
  let difference = 0;
  let size = 0;
  exact.forEach((value, i) => {
    difference += (values[i] - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(difference / size);
}

function convolution(
  shape: Shape,
  x: Float32Array,
  filter: Float32Array,
): Float32Array {
  const { y } = sizesOf(shape);
  using from = place(x);
  using weights = place(filter);
  using out = compute.scratch(4 * y);
  convolveWinograd(compute, {
    images: imagesOf(shape, from.address),
    windows: windowsOf(shape),
    weights: weightsOf(shape, weights.address),
    out: out.address,
    finish: plain,
  }, shape.tile);
  return compute.floats(out.address, y).slice();
}

/** The gradient of the input: dy and the filter turned by 180°. */
function inputGradient(
  shape: Shape,
  dy: Float32Array,
  filter: Float32Array,
): Float32Array {
  const { x } = sizesOf(shape);
  const { tile: { taps }, channels, columns } = shape;
  const windows = windowsOf(shape);
  const tapBytes = 4 * channels * columns;
  using from = place(dy);
  using weights = place(filter);
  using out = compute.scratch(4 * x);
  convolveWinograd(compute, {
    images: {
      address: from.address,
      count: shape.count,
      height: windows.rows,
      width: windows.columns,
      channels: columns,
    },
    windows: {
      ...windows,
      rows: shape.height,
      columns: shape.width,
      top: taps - 1 - shape.before,
      left: taps - 1 - shape.before,
    },
    weights: {
      address: weights.address + (taps * taps - 1) * tapBytes,
      tapRows: taps,
      tapRowStep: -taps * tapBytes,
      taps,
      tapStep: -tapBytes,
      run: columns,
      rowStep: 4,
      columns: channels,
      columnStep: 4 * columns,
    },
    out: out.address,
    finish: plain,
  }, shape.tile);
  return compute.floats(out.address, x).slice();
}

function filterGradient(
  shape: Shape,
  x: Float32Array,
  dy: Float32Array,
): Float32Array {
  const { weights } = sizesOf(shape);
  using from = place(x);
  using gradient = place(dy);
  using out = compute.scratch(4 * weights);
  correlateWinograd(compute, {
    images: imagesOf(shape, from.address),
    windows: windowsOf(shape),
    dy: gradient.address,
    columns: shape.columns,
    out: out.address,
  }, shape.tile);
  return compute.floats(out.address, weights).slice();
}

function describe({ tile, ...shape }: Shape): string {
  return JSON.stringify({ ...tile, ...shape });
}

Deno.test("convolveWinograd() differs from sums of doubles by rounding errors", () => {
  for (const shape of sample) {
    const sizes = sizesOf(shape);
    const x = random(sizes.x, shape.seed);
    const filter = random(sizes.weights, shape.seed + 1);
    const exact = new Float64Array(sizes.y);
    eachTerm(shape, (i, w, o) => exact[o] += x[i] * filter[w]);
    const error = relativeError(convolution(shape, x, filter), exact);
    assert(error < 6e-6, `${error} for ${describe(shape)}`);
  }
});

Deno.test("convolveWinograd() gives the gradient of the input", () => {
  for (const shape of sample) {
    const sizes = sizesOf(shape);
    const dy = random(sizes.y, shape.seed);
    const filter = random(sizes.weights, shape.seed + 1);
    const exact = new Float64Array(sizes.x);
    eachTerm(shape, (i, w, o) => exact[i] += dy[o] * filter[w]);
    const error = relativeError(inputGradient(shape, dy, filter), exact);
    assert(error < 6e-6, `${error} for ${describe(shape)}`);
  }
});

Deno.test("correlateWinograd() gives the gradient of the filter", () => {
  for (const shape of sample) {
    const sizes = sizesOf(shape);
    const x = random(sizes.x, shape.seed);
    const dy = random(sizes.y, shape.seed + 1);
    const exact = new Float64Array(sizes.weights);
    eachTerm(shape, (i, w, o) => exact[w] += x[i] * dy[o]);
    const error = relativeError(filterGradient(shape, x, dy), exact);
    assert(error < 1.5e-5, `${error} for ${describe(shape)}`);
  }
});

Deno.test("convolveWinograd() adds the bias and cuts off", () => {
  for (const shape of sample.slice(0, 40)) {
    const sizes = sizesOf(shape);
    const x = random(sizes.x, shape.seed);
    const filter = random(sizes.weights, shape.seed + 1);
    const bias = random(shape.columns, shape.seed + 2);
    const bare = convolution(shape, x, filter);
    using from = place(x);
    using weights = place(filter);
    using biases = place(bias);
    using out = compute.scratch(4 * sizes.y);
    convolveWinograd(compute, {
      images: imagesOf(shape, from.address),
      windows: windowsOf(shape),
      weights: weightsOf(shape, weights.address),
      out: out.address,
      finish: { lowest: 0, highest: 1, bias: biases.address },
    }, shape.tile);
    assertEquals(
      compute.floats(out.address, sizes.y).slice(),
      bare.map((value, i) =>
        Math.min(1, Math.max(0, Math.fround(value + bias[i % shape.columns])))
      ),
      describe(shape),
    );
  }
});

Deno.test("no Winograd kernel makes a finite number of NaN or infinity", () => {
  // Where an input meets a weight, and which outputs depend on it.
  fc.assert(
    fc.property(
      shapes,
      fc.constantFrom(NaN, Infinity, -Infinity),
      fc.nat(),
      (shape, value, where) => {
        const sizes = sizesOf(shape);
        const x = random(sizes.x, shape.seed);
        const filter = random(sizes.weights, shape.seed + 1);
        const dy = random(sizes.y, shape.seed + 2);
        const spoilt = (values: Float32Array) =>
          values.with(where % values.length, value);
        const dependent = (
          index: (x: number, weight: number, output: number) => number,
          at: number,
          result: (x: number, weight: number, output: number) => number,
        ) => {
          const found = new Set<number>();
          eachTerm(shape, (...term) => {
            if (index(...term) === at) found.add(result(...term));
          });
          return found;
        };
        const check = (values: Float32Array, indices: Set<number>) => {
          for (const i of indices) {
            assert(!Number.isFinite(values[i]), `${values[i]} at ${i}`);
          }
        };
        const ofX = (x: number) => x;
        const ofWeight = (_: number, weight: number) => weight;
        const ofOutput = (_: number, __: number, output: number) => output;
        check(
          convolution(shape, spoilt(x), filter),
          dependent(ofX, where % x.length, ofOutput),
        );
        check(
          convolution(shape, x, spoilt(filter)),
          dependent(ofWeight, where % filter.length, ofOutput),
        );
        check(
          inputGradient(shape, spoilt(dy), filter),
          dependent(ofOutput, where % dy.length, ofX),
        );
        check(
          filterGradient(shape, spoilt(x), dy),
          dependent(ofX, where % x.length, ofWeight),
        );
        check(
          filterGradient(shape, x, spoilt(dy)),
          dependent(ofOutput, where % dy.length, ofWeight),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("selectBackend() computes convolutions term by term where it is told to", async () => {
  const shape: Shape = {
    tile: winogradTiles[0],
    count: 4,
    height: 16,
    width: 16,
    channels: 16,
    columns: 16,
    before: 2,
    after: 2,
    seed: 5,
  };
  const sizes = sizesOf(shape);
  const x = random(sizes.x, 1);
  const filter = random(sizes.weights, 2);
  const exact = new Float64Array(sizes.y);
  eachTerm(shape, (i, w, o) => exact[o] += x[i] * filter[w]);
  const errorOf = () =>
    tf.tidy(() =>
      relativeError(
        tf.conv2d(
          tf.tensor4d(x, [4, 16, 16, 16]),
          tf.tensor4d(filter, [5, 5, 16, 16]),
          1,
          "same",
        ).dataSync(),
        exact,
      )
    );
  const tiled = errorOf();
  await selectBackend({ backend: "wasm", winograd: false });
  const direct = errorOf();
  await selectBackend({ backend: "wasm" });
  assert(direct < tiled / 2, `${direct} directly, ${tiled} in tiles`);
  assertEquals(errorOf(), tiled);
});
