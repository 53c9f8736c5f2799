import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { startWasm } from "./_compare.ts";

const lengths = (max: number, maxRank = 5) =>
  fc.array(fc.integer({ min: 0, max }), { minLength: 1, maxLength: maxRank });
const dtype = fc.constantFrom("float32" as const, "int32" as const);

/** Values that show where they come from; the last of floats are special. */
function counted(shape: number[], type: "float32" | "int32"): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  const values = Array.from({ length: size }, (_, i) => i + 1);
  if (type === "float32") {
    [NaN, -0, Infinity].slice(0, size).forEach((value, i) => {
      values[size - 1 - i] = value;
    });
  }
  return tf.tensor(values, shape, type);
}

/** Asserts the same bits, shapes and types as on the CPU backend, and no leak. */
async function assertMoves(compute: () => tf.Tensor[], context: unknown) {
  const run = async (backend: string) => {
    await tf.setBackend(backend);
    const tensors = tf.memory().numTensors;
    const ids = tf.backend().numDataIds();
    const results = tf.tidy(() =>
      compute().map((result) => ({
        shape: result.shape,
        dtype: result.dtype,
        values: [...result.dataSync()],
      }))
    );
    assertEquals(tf.memory().numTensors, tensors);
    assertEquals(tf.backend().numDataIds(), ids, "a value is left behind");
    return results;
  };
  await startWasm();
  const expected = await run("cpu");
  assertEquals(await run("wasm"), expected, JSON.stringify(context));
}

function testMoves<Sample>(
  name: string,
  sample: fc.Arbitrary<Sample>,
  compute: (sample: Sample) => tf.Tensor | tf.Tensor[],
) {
  Deno.test(`${name} moves every value as the CPU backend does`, async () => {
    await fc.assert(
      fc.asyncProperty(
        sample,
        (sample) => assertMoves(() => [compute(sample)].flat(), sample),
      ),
      { numRuns: 60, seed: 2 },
    );
  });
}

testMoves(
  "tile()",
  fc.tuple(lengths(4), fc.array(fc.integer({ min: 0, max: 3 })), dtype),
  ([shape, reps, dtype]) =>
    tf.tile(counted(shape, dtype), shape.map((_, i) => reps[i] ?? 2)),
);

testMoves(
  "slice()",
  fc.tuple(lengths(6), fc.array(fc.nat(10_000)), dtype),
  ([shape, seeds, dtype]) => {
    const begin = shape.map((length, i) => (seeds[i] ?? 1) % (length + 1));
    const size = shape.map((length, i) =>
      (seeds[i + 2] ?? 7) % (length - begin[i] + 1)
    );
    return tf.slice(counted(shape, dtype), begin, size);
  },
);

testMoves(
  "stridedSlice()",
  fc.tuple(
    lengths(7, 4),
    fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 12, maxLength: 12 }),
    fc.record({ begin: fc.nat(15), end: fc.nat(15), shrink: fc.nat(1) }),
    dtype,
  ),
  ([lengths, at, masks, dtype]) => {
    // tfjs's own code cannot slice an empty dimension in steps.
    const shape = lengths.map((length) => length + 1);
    const strides = shape.map((_, i) => at[i + 8] || 2);
    return tf.stridedSlice(
      counted(shape, dtype),
      shape.map((length, i) => at[i] % length),
      shape.map((length, i) => at[i + 4] % length),
      masks.shrink ? strides.map(Math.abs) : strides,
      masks.begin,
      masks.end,
    );
  },
);

testMoves(
  "reverse()",
  fc.tuple(lengths(5, 4), fc.array(fc.nat(10), { maxLength: 4 }), dtype),
  ([shape, axes, dtype]) =>
    tf.reverse(counted(shape, dtype), [
      ...new Set(axes.map((axis) => axis % shape.length)),
    ]),
);

testMoves(
  "concat()",
  fc.tuple(
    lengths(4, 4),
    fc.array(fc.nat(3), { minLength: 2, maxLength: 4 }),
    fc.nat(3),
    dtype,
  ),
  ([shape, parts, axis, dtype]) => {
    const along = axis % shape.length;
    return tf.concat(
      parts.map((length) => counted(shape.with(along, length), dtype)),
      along,
    );
  },
);

testMoves(
  "split()",
  fc.tuple(lengths(4, 4), fc.array(fc.nat(3), { minLength: 1 }), fc.nat(3)),
  ([shape, parts, axis]) => {
    const along = axis % shape.length;
    const length = parts.reduce((sum, part) => sum + part, 0);
    return tf.split(
      counted(shape.with(along, length), "float32"),
      parts,
      along,
    );
  },
);

testMoves(
  "stack() and unstack()",
  fc.tuple(lengths(3, 3), fc.integer({ min: 1, max: 4 }), fc.nat(3), dtype),
  ([lengths, count, axis, dtype]) => {
    const shape = lengths.map((length) => length + 1);
    const tensors = Array.from(
      { length: count },
      (_, i) => tf.add(counted(shape, dtype), tf.scalar(i, dtype)),
    );
    const along = axis % (shape.length + 1);
    const stacked = tf.stack(tensors, along);
    return [stacked, ...tf.unstack(stacked, along)];
  },
);

testMoves(
  "pad()",
  fc.tuple(
    lengths(4, 4),
    fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
    fc.constantFrom(0, -3, 7),
    dtype,
  ),
  ([lengths, at, value, dtype]) => {
    const shape = lengths.map((length) => length + 1);
    return tf.pad(
      counted(shape, dtype),
      shape.map((_, i) => [at[2 * i], at[2 * i + 1]]),
      value,
    );
  },
);

testMoves(
  "gather()",
  fc.tuple(
    lengths(4, 4),
    fc.array(fc.nat(100), { minLength: 1, maxLength: 6 }),
    fc.nat(3),
    dtype,
  ),
  ([lengths, at, axis, dtype]) => {
    const shape = lengths.map((length) => length + 1);
    const along = axis % shape.length;
    const indices = at.map((index) => index % shape[along]);
    return tf.gather(
      counted(shape, dtype),
      tf.tensor(indices, [indices.length], "int32"),
      along,
    );
  },
);

testMoves(
  "gather() with batches",
  fc.tuple(fc.nat(3), fc.nat(3), fc.array(fc.nat(9), { minLength: 1 })),
  ([outer, slice, at]) => {
    const [batch, length] = [3, 5];
    const indices = Array.from(
      { length: batch * at.length },
      (_, i) => (at[i % at.length] + i) % length,
    );
    const x = counted([batch, outer + 1, length, slice + 1], "float32");
    const ids = tf.tensor(indices, [batch, at.length], "int32");
    return tf.gather(x, ids, 2, 1);
  },
);

Deno.test("long rows, and more dimensions than a job counts, are moved whole", async () => {
  await assertMoves(() => {
    const long = tf.range(0, 100_003);
    const deep = tf.range(0, 3 ** 7).reshape(Array(7).fill(3));
    return [
      tf.tile(long, [2]),
      tf.slice(long, 5, 90_001),
      tf.reverse(long),
      tf.slice(deep, Array(7).fill(1), Array(7).fill(2)),
      tf.tile(long.reshape([1, 100_003]), [3, 1]),
    ];
  }, "long");
});

Deno.test("gather() refuses an index that is not there", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    for (const index of [-1, 3]) {
      assertThrows(
        () => tf.gather(tf.ones([3, 2]), tf.tensor1d([index], "int32")),
        RangeError,
        `from 0 to 2 along axis 0: current value is ${index}`,
      );
    }
  });
});

Deno.test("cast() shares values of the same type, and finds what is not 0", async () => {
  const special = [1.5, -2.5, 0.25, 256, 0, -0, NaN, Infinity];
  await assertMoves(() => {
    const x = tf.tensor1d(special);
    return [x.cast("float32"), x.cast("bool"), x.cast("int32").cast("bool")];
  }, "cast");
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = tf.tensor1d(special);
    assertEquals(x.cast("float32").dataId, x.dataId);
  });
});
