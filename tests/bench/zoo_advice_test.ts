import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  adviceTable,
  followAdvice,
  type Followed,
  optionsOf,
} from "../../bench/finder/zoo/advice.ts";
import { instantiate } from "../../bench/finder/zoo/problem.ts";
import { Laboratory } from "../../bench/finder/zoo/train.ts";
import { ZOO } from "../../bench/finder/zoo/zoo.ts";

await tf.setBackend("cpu");

Deno.test("optionsOf() follows what a program can follow", () => {
  const size = { batchSize: 32 };
  assertEquals(
    optionsOf({ kind: "set-option", option: "endLr", from: 1, to: 9 }, size),
    { endLr: 9 },
  );
  assertEquals(optionsOf({ kind: "enlarge-batch" }, size), { batchSize: 128 });
  assertEquals(optionsOf({ kind: "read-metric", metric: "loss" }, size), {
    metric: "loss",
  });
  assertEquals(optionsOf({ kind: "check-labels" }, size), undefined);
});

Deno.test("adviceTable() counts what the first remedy leads to", () => {
  const grid = {
    first: 1,
    rates: [0.1],
    constant: [0.2],
    cycled: [0.2],
  };
  const remedy = {
    kind: "set-option",
    option: "startLr",
    from: 0.1,
    to: 0.001,
  } as const;
  const noisy = { verdict: "noisy", finding: "bounds-hidden-by-noise" };
  const good = { verdict: "good", finding: "both-bounds" };
  const well = { before: good, reached: {} };
  const both = (followed: Followed) => ({
    "rates of its choice": followed,
    "60 rates": well,
  });
  const table = adviceTable([
    { name: "a", followed: both(well) },
    {
      name: "b",
      followed: both({
        before: noisy,
        remedy,
        after: good,
        reached: { after: 0.6 },
      }),
      grid,
    },
    {
      name: "c",
      followed: both({
        before: noisy,
        remedy: { kind: "check-labels" },
        reached: {},
      }),
    },
  ]);
  assertStringIncludes(table, '0 of 3 runs are not "good"');
  assertStringIncludes(
    table,
    '2 of 3 runs are not "good". In 1 of these a program can follow the first remedy, and 1 then are.',
  );
  assertMatch(
    table,
    /\| b \| noisy \| startLr: 0.1 → 0.001 \| good \| – \| 0\.500 \|/,
  );
  assertMatch(table, /\| c \| noisy \| check-labels \| – \| – \| – \|/);
});

Deno.test("followAdvice() runs the finder on a problem of the zoo, and leaves no trace", async () => {
  const { problem, optimizer } = ZOO[0];
  using laboratory = new Laboratory(instantiate(problem, optimizer, 1));
  const first = await laboratory.first();
  const ways = await followAdvice(laboratory, { seed: 1, steps: 20 });
  for (const { before, remedy, reached } of Object.values(ways)) {
    assertEquals(remedy === undefined, before.verdict === "good");
    assertEquals(
      reached.before === undefined,
      before.maxLr === undefined || !remedy,
    );
  }
  assertEquals(await laboratory.first(), first);
});
