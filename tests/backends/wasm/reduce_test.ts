import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { startWasm } from "./_compare.ts";

const value = fc.oneof(
  { weight: 9, arbitrary: fc.float({ min: -9, max: 9, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
const sample = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 9 }), {
    minLength: 1,
    maxLength: 4,
  }),
  axes: fc.nat(15),
  keepDims: fc.boolean(),
  pool: fc.array(value, { minLength: 1, maxLength: 50 }),
});

function fill(shape: number[], pool: number[]): number[] {
  const size = tf.util.sizeFromShape(shape);
  return Array.from({ length: size }, (_, i) => pool[i % pool.length]);
}

/** Asserts that a value is that of doubles, or diverged as it is. */
function assertNear(actual: number, expected: number, context: string): void {
  const near = isFinite(expected)
    ? Math.abs(actual - expected) <= 2e-5 * (1 + Math.abs(expected))
    : Object.is(actual, expected);
  assert(near, `${context}: ${actual}, not ${expected}`);
}

for (const name of ["sum", "mean"] as const) {
  Deno.test(`${name}() is as in doubles over any dimensions`, async () => {
    await startWasm();
    await tf.setBackend("wasm");
    fc.assert(
      fc.property(sample, ({ shape, axes, keepDims, pool }) => {
        const summed = shape.flatMap((_, i) => axes >> i & 1 ? [i] : []);
        const values = fill(shape, pool);
        const ids = tf.backend().numDataIds();
        const result = tf.tidy(() => {
          const y = tf[name](tf.tensor(values, shape), summed, keepDims);
          return { shape: y.shape, values: y.dataSync() };
        });
        assertEquals(tf.backend().numDataIds(), ids);
        const kept = shape.map((n, i) => summed.includes(i) ? 1 : n);
        assertEquals(
          result.shape,
          keepDims ? kept : shape.filter((_, i) => !summed.includes(i)),
        );
        const steps = tf.util.computeStrides([...kept, 1]);
        const sums = new Float64Array(tf.util.sizeFromShape(kept));
        const place = tf.util.computeStrides([...shape, 1]);
        values.forEach((value, at) => {
          const to = shape.reduce((sum, n, i) => {
            const index = Math.floor(at / place[i]) % n;
            return sum + (summed.includes(i) ? 0 : index * steps[i]);
          }, 0);
          sums[to] += value;
        });
        const count = name === "mean" ? values.length / sums.length : 1;
        sums.forEach((sum, i) =>
          assertNear(result.values[i], sum / count, `at ${i}`)
        );
      }),
      { numRuns: 150, seed: 11 },
    );
  });
}

Deno.test("sum() of many values keeps their digits", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = tf.randomUniform([1_000_003], 0, 1, "float32", 1);
    const exact = [...x.dataSync()].reduce((sum, value) => sum + value, 0);
    assertNear(tf.sum(x).dataSync()[0] / exact, 1, "all");
    const rows = x.slice(0, 1_000_000).reshape([4, 50, 5000]);
    const whole = tf.sum(tf.sum(rows, [1, 2])).dataSync()[0];
    const middle = tf.sum(tf.sum(rows, 1)).dataSync()[0];
    assertNear(whole / middle, 1, "in two ways");
  });
});

Deno.test("softmax() is as in doubles, and NaN where its row diverged", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const rows = fc.record({
    shape: fc.array(fc.integer({ min: 1, max: 11 }), {
      minLength: 1,
      maxLength: 3,
    }),
    pool: fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.float({ min: -90, max: 90, noNaN: true }) },
        { weight: 1, arbitrary: fc.constantFrom(NaN, -Infinity, -1e30, 1e30) },
      ),
      { minLength: 1, maxLength: 40 },
    ),
  });
  fc.assert(
    fc.property(rows, ({ shape, pool }) => {
      const values = fill(shape, pool.map(Math.fround));
      const columns = shape.at(-1)!;
      const actual = tf.tidy(() =>
        tf.softmax(tf.tensor(values, shape)).dataSync()
      );
      for (let row = 0; row < values.length; row += columns) {
        const xs = values.slice(row, row + columns);
        const most = xs.some(isNaN) ? NaN : Math.max(...xs);
        const powers = xs.map((x) => Math.exp(x - most));
        const sum = powers.reduce((sum, power) => sum + power, 0);
        powers.forEach((power, i) =>
          assertNear(actual[row + i], power / sum, `${i} of ${xs}`)
        );
      }
    }),
    { numRuns: 150, seed: 12 },
  );
});
