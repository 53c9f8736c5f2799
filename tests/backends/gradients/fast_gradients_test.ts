import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { assertAsOnCpu, startWasm, values } from "../wasm/_compare.ts";

const shape = fc.array(fc.integer({ min: 1, max: 4 }), {
  minLength: 1,
  maxLength: 4,
});

/** The gradient of Σ weights · f(x) by its definition, in small steps. */
function differences(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  weights: tf.Tensor,
): number[] {
  const at = [...x.dataSync()];
  const step = 1 / 16;
  const loss = (values: number[]) =>
    tf.tidy(() =>
      f(tf.tensor(values, x.shape)).mul(weights).sum().dataSync()[0]
    );
  return at.map((value, i) =>
    (loss(at.with(i, value + step)) - loss(at.with(i, value - step))) /
    (2 * step)
  );
}

const linear: Record<
  string,
  (sample: { shape: number[]; picks: number[] }) => (x: tf.Tensor) => tf.Tensor
> = {
  tile: ({ shape, picks }) => (x) =>
    tf.tile(x, shape.map((_, i) => 1 + picks[i] % 3)),
  sum: ({ shape, picks }) => (x) =>
    tf.sum(x, shape.flatMap((_, i) => picks[i] % 2 ? [i] : [])),
  mean: ({ shape, picks }) => (x) =>
    tf.mean(x, shape.flatMap((_, i) => picks[i] % 2 ? [i] : []), true),
};

for (const [name, make] of Object.entries(linear)) {
  Deno.test(`replaceGradients() gives the gradient of ${name} on WASM and CPU`, async () => {
    await startWasm();
    const sample = fc.record({
      shape,
      picks: fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
    });
    for (const backend of ["wasm", "cpu"]) {
      await tf.setBackend(backend);
      fc.assert(
        fc.property(sample, (sample) =>
          tf.tidy(() => {
            const f = make(sample);
            const x = values(sample.shape, 1);
            const weights = values(f(x).shape, 2);
            const gradient = tf.grad((x: tf.Tensor) => f(x).mul(weights))(x);
            assertEquals(gradient.shape, x.shape);
            const expected = differences(f, x, weights);
            gradient.dataSync().forEach((value, i) =>
              assertEquals(Math.abs(value - expected[i]) < 1e-4, true)
            );
          })),
        { numRuns: 30, seed: 3 },
      );
    }
  });
}

Deno.test("replaceGradients() differentiates batchNorm by its factors", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const sample = fc.record({
    shape: fc.array(fc.integer({ min: 1, max: 6 }), {
      minLength: 2,
      maxLength: 4,
    }),
    scaled: fc.boolean(),
    // Along which dimension the factors lie; by default, the last.
    axis: fc.option(fc.nat(3), { nil: undefined }),
  });
  fc.assert(
    fc.property(sample, ({ shape, scaled, axis }) =>
      tf.tidy(() => {
        const along = (axis ?? 0) % shape.length;
        const columns = axis === undefined
          ? [shape.at(-1)!]
          : shape.map((length, i) => i === along ? length : 1);
        const factors = [
          values(shape, 1),
          values(columns, 2),
          values(columns, 3).abs().add(0.5),
          values(columns, 4),
          scaled ? values(columns, 5) : tf.ones(columns),
        ];
        const weights = values(shape, 6);
        // The same by operations whose gradients are tfjs's own.
        const plain = (...factors: tf.Tensor[]) => {
          const [x, mean, variance, offset, scale] = factors;
          return x.sub(mean).div(variance.add(0.1).sqrt()).mul(scale)
            .add(offset).mul(weights);
        };
        const fused = (...factors: tf.Tensor[]) => {
          const [x, mean, variance, offset, scale] = factors as [
            tf.Tensor,
            ...tf.Tensor1D[],
          ];
          return tf.batchNorm(x, mean, variance, offset, scale, 0.1)
            .mul(weights);
        };
        const expected = tf.grads(plain)(factors);
        tf.grads(fused)(factors).forEach((gradient, k) => {
          assertEquals(gradient.shape, expected[k].shape);
          const gap = tf.max(gradient.sub(expected[k]).abs()).dataSync()[0];
          assertEquals(gap < 1e-4, true, `gradient ${k}: ${gap}`);
        });
      })),
    { numRuns: 30, seed: 3 },
  );
});

Deno.test("replaceGradients() leaves gradients of gradients as they were", async () => {
  await assertAsOnCpu(() => {
    const f = (x: tf.Tensor) => tf.mean(tf.tile(x, [3, 2]).pow(3), 1).sum();
    const inner = (x: tf.Tensor) => tf.grad(f)(x).square().sum();
    return [tf.grad(inner)(values([2, 3], 1))];
  }, "a gradient of a gradient");
});
