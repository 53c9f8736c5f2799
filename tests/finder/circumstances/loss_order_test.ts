import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { lossOrder } from "../../../src/finder/circumstances/loss_order.ts";
import { seededRandom, shuffle } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

/** Normal numbers. */
function normals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => normal(random);
}

/** How hard batch i of a pass is where classes come one after the other. */
const sorted = (i: number, pass: number) => [1, 3, 2][Math.floor(3 * i / pass)];

Deno.test("lossOrder() finds no order in random batches, whatever the seed", () => {
  let found = 0;
  let repeated = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    const next = normals(seed);
    const losses = Array.from({ length: 24 + seed % 50 }, () => 2 + next());
    const pass = seed % 3 === 0 ? undefined : 6 + seed % 40;
    if (lossOrder(losses, { pass })) found++;
    // The same batches in each pass, in an order drawn once.
    const again = losses.map((_, i) => losses[i % (pass ?? 24)]);
    if (lossOrder(again, { pass })) repeated++;
  }
  assert(found <= 2, `${found}`);
  // These do come in an order.
  assert(repeated <= 30, `${repeated}`);
});

Deno.test("lossOrder() finds batches that come sorted", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const next = normals(seed);
    const pass = 15 + seed % 15;
    const losses = Array.from(
      { length: 48 },
      (_, i) => sorted(i % pass, pass) + 0.2 * next(),
    );
    assertEquals(lossOrder(losses, { pass })?.pass, pass, `seed ${seed}`);
    // One pass alone, which has not ended.
    const first = Array.from(
      { length: 48 },
      (_, i) => sorted(i, 90) + 0.2 * next(),
    );
    for (const pass of [90, undefined]) {
      assertEquals(lossOrder(first, { pass })?.pass, undefined);
      assert(lossOrder(first, { pass }));
    }
  }
});

Deno.test("lossOrder() takes no order from losses that do not vary, or short passes", () => {
  assertEquals(lossOrder(new Array(48).fill(0.3), { pass: 9 }), undefined);
  const rounded = Array.from({ length: 48 }, (_, i) => 0.3 + 1e-8 * i);
  assertEquals(lossOrder(rounded, { pass: undefined }), undefined);
  const two = Array.from({ length: 48 }, (_, i) => i % 2);
  assertEquals(lossOrder(two, { pass: 2 }), undefined);
});

/** A loop whose batches have no targets: the mean of clustered points. */
function loop(order: "sorted" | "shuffled", evaluates: boolean) {
  const center = tf.variable(tf.tensor1d([4, -3]));
  const optimizer = tf.train.sgd(0.1);
  const next = normals(5);
  const points = Array.from({ length: 160 }, (_, i) => {
    const cluster = Math.floor(i / 40);
    return [3 * (cluster % 2) + next(), 3 * Math.floor(cluster / 2) + next()];
  });
  const random = seededRandom(9);
  const lossOf = (batch: readonly number[][]) => () =>
    tf.tensor2d(batch as number[][]).sub(center).square().mean() as tf.Scalar;
  return {
    trainee: {
      optimizer,
      variables: [center],
      trainOnBatch: ({ batch }: { batch: readonly number[][] }) =>
        optimizer.minimize(lossOf(batch), true, [center])!,
      ...(evaluates && {
        evaluateOnBatch: ({ batch }: { batch: readonly number[][] }) =>
          tf.tidy(lossOf(batch)),
      }),
    },
    data: function* () {
      const rows = Int32Array.from(points, (_, i) => i);
      if (order === "shuffled") shuffle(rows, random);
      for (let i = 0; i < 160; i += 8) {
        yield { batch: Array.from(rows.slice(i, i + 8), (row) => points[row]) };
      }
    },
    dispose() {
      center.dispose();
      optimizer.dispose();
    },
  };
}

for (const evaluates of [true, false]) {
  const how = evaluates ? "at the first weights" : "in training";
  Deno.test(`findLearningRate() says ordered of a loop without targets whose batches are not shuffled, told ${how}`, async () => {
    for (const order of ["sorted", "shuffled"] as const) {
      const made = loop(order, evaluates);
      const range = await findLearningRate(made.trainee, made.data);
      if (order === "sorted") {
        assertEquals(range.verdict, "ordered", range.advice);
        assertEquals(range.finding.kind, "losses-in-runs");
        assertMatch(
          range.advice,
          /not shuffled.*each pass of 20 batches.*\.shuffle\(10000\)/,
        );
        assertEquals(range.remedies[0].kind, "shuffle");
      } else {
        assert(range.verdict !== "ordered", range.advice);
      }
      // A pass that ended has told how many batches there are.
      assertEquals(range.batchesPerEpoch, 20);
      made.dispose();
    }
  });
}
