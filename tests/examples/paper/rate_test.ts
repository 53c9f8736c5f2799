import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describeRate } from "../../../examples/paper/describe_rate.ts";
import {
  boundRate,
  type Rate,
  scheduleOf,
} from "../../../examples/paper/rate.ts";
import { ROWS } from "../../../examples/paper/rows.ts";

function rateOf(id: string): Rate {
  const { rate } = ROWS.find((row) => row.id === id)!;
  assert(rate.policy !== "found");
  return rate;
}

Deno.test("scheduleOf() follows Table 2's stages and their bounds", () => {
  const lr = scheduleOf(rateOf("table1-triangular2"));
  const expected: [iteration: number, rate: number][] = [
    [0, 0.001],
    [2_000, 0.005],
    [4_000, 0.001],
    [6_000, 0.003],
    [15_999, 0.001 + 0.0005 / 2_000],
    [16_000, 0.0001],
    [17_000, 0.0005],
    [22_000, 0.00001],
    [22_500, 0.00005],
  ];
  for (const [iteration, rate] of expected) {
    assertAlmostEquals(lr(iteration), rate, 1e-9, `at ${iteration}`);
  }
});

Deno.test("scheduleOf() drops Caffe's fixed rate by ten at 60,000 and 65,000", () => {
  const lr = scheduleOf(rateOf("table1-fixed"));
  const expected: [number, number][] = [
    [0, 1e-3],
    [59_999, 1e-3],
    [60_000, 1e-4],
    [65_000, 1e-5],
  ];
  for (const [t, rate] of expected) assertAlmostEquals(lr(t), rate, 1e-12);
});

Deno.test("scheduleOf() decays from 0.007 to 0.001 in 4,000 iterations and stays", () => {
  const lr = scheduleOf(rateOf("table1-decay"));
  assertAlmostEquals(lr(0), 0.007, 1e-12);
  assertAlmostEquals(lr(2_000), 0.004, 1e-12);
  for (const t of [4_000, 24_999]) assertAlmostEquals(lr(t), 0.001, 1e-12);
});

Deno.test("scheduleOf() lowers both bounds of exp_range as exp lowers its rate", () => {
  const cyclic = scheduleOf(rateOf("table1-exp_range"));
  const exp = scheduleOf(rateOf("table1-exp"));
  for (const t of [0, 4_000, 8_000, 40_000]) {
    assertAlmostEquals(cyclic(t) / exp(t), 1, 1e-9, `at ${t}`);
    assertAlmostEquals(cyclic(t + 2_000) / exp(t + 2_000), 6, 1e-9);
  }
});

Deno.test("scheduleOf() at a scale is the same curve in fewer iterations", () => {
  const scale = 0.02;
  for (const { id, rate: row, iterations } of ROWS) {
    const rate = row.policy === "found"
      ? boundRate(row, { baseLr: 0.01, maxLr: 0.1 })
      : row;
    // Its phases end an iteration before their parts of the whole.
    if (rate.policy === "one_cycle") continue;
    const whole = scheduleOf(rate);
    const scaled = scheduleOf(rate, scale);
    for (let part = 0; part < 1; part += 1 / 64) {
      const t = Math.round(part * iterations * scale);
      const expected = whole(t / scale);
      assertAlmostEquals(
        scaled(t),
        expected,
        1e-6 * expected,
        `${id} at ${t}`,
      );
    }
  }
});

Deno.test("scheduleOf() peaks and ends where a one-cycle row does, at any scale", () => {
  for (const scale of [1, 0.1, 0.02]) {
    const lr = scheduleOf(rateOf("schedules-one_cycle"), scale);
    assertEquals(lr(300 * scale - 1), 0.002);
    assertAlmostEquals(lr(1000 * scale - 1), 0.002 / 25 / 1e4, 1e-12);
    assertEquals(lr.momentum!(300 * scale - 1), 0.85);
  }
});

Deno.test("scheduleOf() rises before a cosine, and leaves plateaus to their callback", () => {
  const lr = scheduleOf(rateOf("schedules-cosine"), 0.1);
  assertEquals([0, 5, 10, 100].map(lr), [0, 0.003, 0.006, 0]);
  assertAlmostEquals(lr(55), 0.003, 1e-12);
  assertEquals(scheduleOf(rateOf("schedules-plateau"))(999), 0.006);
});

Deno.test("scheduleOf() has Welch's and Hann's windows at a half and a quarter of the way", () => {
  const rise = (id: string) => {
    const lr = scheduleOf(rateOf(id));
    return [0, 500, 1_000, 2_000, 3_000].map((t) => (lr(t) - 0.001) / 0.005);
  };
  const expected = {
    "table1-triangular": [0, 1 / 4, 1 / 2, 1, 1 / 2],
    "section3-welch": [0, 7 / 16, 3 / 4, 1, 3 / 4],
    "section3-hann": [0, (1 - Math.SQRT1_2) / 2, 1 / 2, 1, 1 / 2],
  };
  for (const [id, window] of Object.entries(expected)) {
    rise(id).forEach((value, i) =>
      assertAlmostEquals(value, window[i], 1e-9, `${id}, ${i}`)
    );
  }
});

Deno.test("scheduleOf() rises through the range test of Figure 3 in eight epochs", () => {
  const lr = scheduleOf(rateOf("figure3-range_test"));
  assertEquals([lr(0), lr(2_000), lr(4_000)], [0, 0.01, 0.02]);
});

Deno.test("scheduleOf() goes up and down by straight lines in 1cycle, and out", () => {
  const lr = scheduleOf(rateOf("onecycle-cifar100-50"));
  const peak = 23 * 98 - 1;
  assertAlmostEquals(lr(0), 0.1, 1e-12);
  assertAlmostEquals(lr(peak), 0.5, 1e-12);
  assertAlmostEquals(lr(peak / 2), 0.3, 1e-3);
  assertAlmostEquals(lr(2 * peak), 0.1, 1e-12);
  assertAlmostEquals(lr(50 * 98 - 1), 0.1 / 1e4, 1e-12);
});

Deno.test("scheduleOf() of a cosine without a warm-up begins at its peak", () => {
  const lr = scheduleOf(rateOf("small-cosine"));
  assertAlmostEquals(lr(0), 0.006, 1e-12);
  assertAlmostEquals(lr(12_500), 0.003, 1e-12);
  assertAlmostEquals(lr(25_000), 0, 1e-12);
});

Deno.test("describeRate() names policy, bounds, lengths and drops", () => {
  assertEquals(
    describeRate(rateOf("table1-fixed"), 0.1),
    "fixed, 0.001, ×0.1 at 6000, 6500",
  );
  assertEquals(
    describeRate(rateOf("table1-exp_range"), 0.1),
    "exp_range, 0.001–0.006 · 0.9994^t, step 200",
  );
  assertEquals(
    describeRate(rateOf("table1-decay")),
    "decay, 0.007–0.001 in 4000",
  );
});

Deno.test("boundRate() has Table 2's stages between any bounds", () => {
  const { rate } = ROWS.find(({ id }) => id === "small-triangular2-found")!;
  assert(rate.policy === "found");
  const published = scheduleOf(rateOf("table1-triangular2"));
  const found = scheduleOf(boundRate(rate, { baseLr: 0.001, maxLr: 0.005 }));
  const doubled = scheduleOf(boundRate(rate, { baseLr: 0.002, maxLr: 0.01 }));
  for (let iteration = 0; iteration < 25_000; iteration += 125) {
    const lr = published(iteration);
    assertAlmostEquals(found(iteration), lr, 1e-12, `at ${iteration}`);
    assertAlmostEquals(doubled(iteration), 2 * lr, 1e-12, `at ${iteration}`);
  }
  assertEquals(
    describeRate(rate, 0.1),
    "triangular2, found bounds, step 200 to 1600; triangular2, 0.1 × found bounds, step 100 to 2200; triangular2, 0.01 × found bounds, step 50 to 2500",
  );
});
