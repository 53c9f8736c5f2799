import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { startWasm } from "./_compare.ts";

const { fround } = Math;

const special = fc.constantFrom(
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-39,
  3.4e38,
  -3.4e38,
  6,
  1,
  -1,
).map(fround);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.float({ noNaN: true }) },
  { weight: 6, arbitrary: fc.float({ min: -100, max: 100, noNaN: true }) },
  { weight: 6, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
  { weight: 2, arbitrary: special },
);

const binaries: Record<
  string,
  [(a: tf.Tensor, b: tf.Tensor) => tf.Tensor, (a: number, b: number) => number]
> = {
  add: [tf.add, (a, b) => a + b],
  sub: [tf.sub, (a, b) => a - b],
  mul: [tf.mul, (a, b) => a * b],
  div: [tf.div, (a, b) => a / b],
  maximum: [tf.maximum, Math.max],
  minimum: [tf.minimum, Math.min],
  squaredDifference: [tf.squaredDifference, (a, b) => fround(a - b) ** 2],
};

/** A shape, and for each operand which dimensions it has and which are 1. */
const broadcast = fc.record({
  shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }),
  cut: fc.tuple(fc.nat(3), fc.nat(3)),
  ones: fc.tuple(fc.nat(63), fc.nat(63)),
  pool: fc.array(value, { minLength: 1, maxLength: 40 }),
});

/** An operand's shape: leading dimensions cut off, and some of length 1. */
function operandShape(shape: number[], cut: number, ones: number): number[] {
  return shape.slice(cut).map((length, i) => ones >> i & 1 ? 1 : length);
}

function fill(shape: number[], pool: number[], first: number): number[] {
  const size = tf.util.sizeFromShape(shape);
  return Array.from(
    { length: size },
    (_, i) => pool[(first + i) % pool.length],
  );
}

/** The value that a broadcast operand has at a place in the result. */
function at(values: number[], operand: number[], place: number[]): number {
  const missing = place.length - operand.length;
  const index = operand.reduce(
    (index, length, axis) =>
      index * length + (length === 1 ? 0 : place[missing + axis]),
    0,
  );
  return values[index];
}

for (const [name, [compute, expected]] of Object.entries(binaries)) {
  Deno.test(`${name}() is to the bit what floats give, however broadcast`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    fc.assert(
      fc.property(broadcast, ({ shape, cut, ones, pool }) => {
        const shapes = cut.map((cut, i) => operandShape(shape, cut, ones[i]));
        const [a, b] = shapes.map((shape, i) => fill(shape, pool, 7 * i));
        const ids = tf.backend().numDataIds();
        const result = tf.tidy(() => {
          const c = compute(tf.tensor(a, shapes[0]), tf.tensor(b, shapes[1]));
          return { shape: c.shape, values: [...c.dataSync()] };
        });
        assertEquals(tf.backend().numDataIds(), ids);
        const full = tf.backend_util.assertAndGetBroadcastShape(
          shapes[0],
          shapes[1],
        );
        assertEquals(result.shape, full);
        const wanted = Array.from(
          { length: tf.util.sizeFromShape(full) },
          (_, index) => {
            const place = full.length === 0
              ? []
              : tf.util.indexToLoc(index, full.length, strides(full));
            return fround(
              expected(at(a, shapes[0], place), at(b, shapes[1], place)),
            );
          },
        );
        assertEquals(result.values, wanted);
      }),
      { numRuns: 120, seed: 6 },
    );
  });
}

function strides(shape: number[]): number[] {
  return tf.util.computeStrides(shape);
}

const words = new DataView(new ArrayBuffer(4));

/** Floats in order, so that neighbours differ by 1. */
function ordinal(value: number): number {
  words.setFloat32(0, value);
  const bits = words.getInt32(0);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

function step(x: number): number {
  return isNaN(x) ? x : x > 0 ? 1 : 0.25;
}

/** Each with the units in the last place by which it may be off. */
const unaries: Record<
  string,
  [(x: tf.Tensor) => tf.Tensor, (x: number) => number, number]
> = {
  relu: [tf.relu, (x) => Math.max(x, 0), 0],
  relu6: [tf.relu6, (x) => Math.min(Math.max(x, 0), 6), 0],
  step: [(x) => tf.step(x, 0.25), step, 0],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.2), (x) => x >= 0 ? x : 0.2 * x, 1],
  clipByValue: [
    (x) => tf.clipByValue(x, -1.5, 2),
    (x) => Math.min(Math.max(x, -1.5), 2),
    0,
  ],
  square: [tf.square, (x) => x * x, 0],
  sqrt: [tf.sqrt, Math.sqrt, 0],
  rsqrt: [tf.rsqrt, (x) => 1 / Math.sqrt(x), 1],
  neg: [tf.neg, (x) => -x, 0],
  abs: [tf.abs, Math.abs, 0],
  exp: [tf.exp, Math.exp, 2],
  tanh: [tf.tanh, Math.tanh, 3],
  sigmoid: [tf.sigmoid, (x) => 1 / (1 + Math.exp(-x)), 3],
  softplus: [
    tf.softplus,
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    3,
  ],
};

for (const [name, [compute, expected, units]] of Object.entries(unaries)) {
  Deno.test(`${name}() is within ${units} units of doubles, and keeps NaN`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    fc.assert(
      fc.property(fc.array(value, { maxLength: 70 }), (inputs) => {
        const results = tf.tidy(() => compute(tf.tensor1d(inputs)).dataSync());
        assertEquals(results.length, inputs.length);
        inputs.forEach((x, i) => {
          const wanted = fround(expected(x));
          const actual = results[i];
          if (isNaN(wanted)) {
            assert(isNaN(actual), `${name}(${x}) is ${actual}, not NaN`);
            return;
          }
          const off = Math.abs(ordinal(actual) - ordinal(wanted));
          assert(
            // 1 / (1 + ∞) is 0, where there are still smaller floats.
            off <= units || Math.abs(actual - wanted) < 1e-37,
            `${name}(${x}) is ${actual}, not ${wanted}: ${off} units off`,
          );
        });
      }),
      { numRuns: 150, seed: 7 },
    );
  });
}

Deno.test("tensors of many pieces are computed whole", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = tf.range(0, 50_001);
    const column = tf.range(0, 5001).reshape([5001, 1]);
    const results = [
      [x.neg(), (i: number) => -i],
      [x.add(x), (i: number) => 2 * i],
      [x.sub(1), (i: number) => i - 1],
      [tf.sub(1, x), (i: number) => 1 - i],
      [column.add(tf.range(0, 10)), (i: number) => Math.floor(i / 10) + i % 10],
    ] as const;
    for (const [result, expected] of results) {
      result.dataSync().forEach((value, i) => assertEquals(value, expected(i)));
    }
  });
});

Deno.test("whole numbers stay with tfjs's own kernels", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = tf.tensor1d([-7, 8, 9], "int32");
    assertEquals([...x.add(x).dataSync()], [-14, 16, 18]);
    assertEquals([...x.maximum(tf.scalar(0, "int32")).dataSync()], [0, 8, 9]);
    assertEquals([...x.abs().dataSync()], [7, 8, 9]);
    assertEquals([...x.clipByValue(-1, 8).dataSync()], [-1, 8, 8]);
  });
});

/** The gradients that are kernels of their own, by the rule of their function. */
const gradients: Record<
  string,
  [(x: tf.Tensor) => tf.Tensor, (x: number, dy: number) => number]
> = {
  relu: [tf.relu, (x, dy) => dy * (isNaN(x) ? x : x > 0 ? 1 : 0)],
  relu6: [
    tf.relu6,
    (x, dy) => dy * (isNaN(x) ? x : x > 0 && x <= 6 ? 1 : 0),
  ],
  sigmoid: [tf.sigmoid, (x, dy) => {
    const y = 1 / (1 + Math.exp(-x));
    return dy * y * (1 - y);
  }],
  tanh: [tf.tanh, (x, dy) => dy * (1 - Math.tanh(x) ** 2)],
};

for (const [name, [f, expected]] of Object.entries(gradients)) {
  Deno.test(`the gradient of ${name}() is that of doubles, and keeps NaN`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    const finite = fc.float({ min: -20, max: 20, noNaN: true });
    const pairs = fc.array(
      fc.tuple(fc.oneof(finite, fc.constantFrom(NaN, 0, -0, 6)), finite),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(pairs, (pairs) => {
        const x = tf.tensor1d(pairs.map(([x]) => x));
        const dy = tf.tensor1d(pairs.map(([, dy]) => dy));
        const dx = tf.grad((x: tf.Tensor) => f(x))(x, dy);
        dx.dataSync().forEach((value, i) => {
          const wanted = expected(...pairs[i]);
          assert(
            isNaN(wanted)
              ? isNaN(value)
              : Math.abs(value - wanted) <= 1e-5 * (1 + Math.abs(pairs[i][1])),
            `at ${pairs[i]}: ${value}, not ${wanted}`,
          );
        });
        tf.dispose([x, dy, dx]);
      }),
      { numRuns: 60, seed: 8 },
    );
  });
}

Deno.test("the gradient of relu() has a gradient", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const square = (x: tf.Tensor) => tf.relu(x).square();
    const slope = (x: tf.Tensor) => tf.grad(square)(x) as tf.Tensor;
    const second = tf.grad(slope)(tf.tensor1d([-1, 2, 3]));
    assertEquals([...second.dataSync()], [0, 2, 2]);
  });
});
