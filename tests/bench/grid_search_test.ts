import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import { toSvg } from "@clr/clr/plots";
import { compare } from "../../bench/finder/grid_search/compare.ts";
import {
  differencesChart,
  headline,
} from "../../bench/finder/grid_search/picture.ts";
import {
  plansBetween,
  stepDecay,
} from "../../bench/finder/grid_search/plans.ts";
import {
  type Problem,
  PROBLEMS,
} from "../../bench/finder/grid_search/problems.ts";
import {
  dropHalfLine,
  type GridRecord,
  keepSearch,
  keyOf,
  readRecords,
} from "../../bench/finder/grid_search/record.ts";
import {
  gridMarkdown,
  verdictOf,
} from "../../bench/finder/grid_search/report.ts";
import { train } from "../../bench/finder/grid_search/train.ts";
import { tempDir } from "../_folder.ts";

await selectBackend({ backend: "wasm", threads: 1 });

const problem: Problem = {
  ...PROBLEMS[0],
  iterations: 100,
  rates: [0.001, 0.01, 0.1],
};

/** A finished search over seeds 1 to 3, with bounds and one plan. */
function records(): GridRecord[] {
  const accuracies = {
    0.001: [50, 52, 54],
    0.01: [70, 71, 72],
    0.1: [80, 20, 30],
  };
  return [1, 2, 3].flatMap((seed, i): GridRecord[] => [
    {
      kind: "found",
      problem: problem.name,
      seed,
      baseLr: 0.002,
      maxLr: 0.02,
      verdict: "good",
      commit: "abc1234",
      trained: 40,
      evaluated: 30,
      seconds: 1,
    },
    ...Object.entries(accuracies).map(([lr, reached]): GridRecord => ({
      kind: "trained",
      problem: problem.name,
      seed,
      plan: "grid",
      lr: Number(lr),
      iterations: 100,
      accuracy: reached[i],
      diverged: false,
      seconds: 1,
    })),
    {
      kind: "trained",
      problem: problem.name,
      seed,
      plan: "triangular",
      iterations: 100,
      accuracy: [71, 72.1, 72.9][i],
      diverged: false,
      seconds: 1,
    },
  ]);
}

Deno.test("compare() takes the rate with the best mean, and pairs by seed", () => {
  const outcome = compare(problem, records())!;
  assertEquals(outcome.best.lr, 0.01);
  assertEquals(outcome.seeds, [1, 2, 3]);
  const [plan] = outcome.plans;
  // Differences 1, 1.1 and 0.9.
  assertAlmostEquals(plan.difference.mean, 1, 1e-9);
  assertAlmostEquals(plan.difference.low, 1 - 4.303 * 0.1 / Math.sqrt(3), 1e-9);
  // 100 of the training, 40 trained and 30 evaluated batches of the test.
  assertAlmostEquals(plan.cost, 150, 1e-9);
  assertAlmostEquals(plan.share, 0.5, 1e-9);
  assertEquals(outcome.usual.difference.mean, 0);
  assertAlmostEquals(outcome.usual.share, 1 / 3, 1e-9);
});

Deno.test("compare() leaves out a seed whose search is not finished", () => {
  const all = records();
  const outcome = compare(
    problem,
    all.filter((record) =>
      !(record.seed === 3 && record.kind === "trained" && record.lr === 0.1)
    ),
  )!;
  assertEquals(outcome.seeds, [1, 2]);
  assertEquals(outcome.plans[0].bySeed.size, 2);
  assertEquals(compare(problem, all.slice(0, 2)), undefined);
});

Deno.test("headline() and gridMarkdown() say of a difference what its interval says", async () => {
  const outcomes = [compare(problem, records())!];
  assertEquals(
    headline(outcomes),
    "One range test and triangular cycles cost 50 % of a search over 3 rates, and are better than its best on perceptron",
  );
  const text = gridMarkdown(outcomes, { origin: "here", picture: "said" });
  assert(
    text.includes(
      "| triangular | 72.0 ± 1.0 | +1.0 (+0.8 to +1.2) | better | 150 | 50 % |",
    ),
    text,
  );
  const svg = await toSvg(differencesChart(outcomes, "here"), {
    embedFont: false,
  });
  assert(svg.includes("One range test and triangular cycles cost 50 %"));
});

Deno.test("verdictOf() calls level what is no more than a point behind", () => {
  assertEquals(verdictOf({ mean: 1, low: 0.1, high: 1.9 }), "better");
  assertEquals(verdictOf({ mean: -1, low: -1.9, high: -0.1 }), "worse");
  assertEquals(verdictOf({ mean: 0, low: 0, high: 0 }), "level");
  assertEquals(verdictOf({ mean: 0.5, low: -0.9, high: 1.9 }), "level");
  assertEquals(
    verdictOf({ mean: 0.5, low: -1.1, high: 2.1 }),
    "cannot be said",
  );
  assertEquals(
    verdictOf({ mean: 0.5, low: -Infinity, high: Infinity }),
    "cannot be said",
  );
});

Deno.test("stepDecay() drops by ten at half and at three quarters", () => {
  const { schedule } = stepDecay(0.1, 100);
  const expected = [[0, 0.1], [49, 0.1], [50, 0.01], [74, 0.01], [75, 0.001]];
  for (const [t, lr] of expected) assertAlmostEquals(schedule(t), lr, 1e-12);
});

Deno.test("plansBetween() stays between the bounds, but for what ends at nothing", () => {
  const bounds = { baseLr: 0.01, maxLr: 0.1 };
  for (const [name, plan] of Object.entries(plansBetween(bounds, 200))) {
    const rates = Array.from(
      { length: plan.iterations },
      (_, t) => plan.schedule(t),
    );
    assert(Math.max(...rates) <= 0.1 + 1e-12, name);
    assertEquals(plan.iterations, name.endsWith("shortened") ? 80 : 200);
    if (name.startsWith("triangular")) {
      assert(Math.min(...rates) >= 0.01 - 1e-12, name);
    }
    if (name !== "step decay from the middle") {
      assertAlmostEquals(Math.max(...rates), 0.1, 2e-3, name);
    }
  }
});

Deno.test("readRecords() leaves out the line that a killed process left half", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/records.jsonl`;
  assertEquals(await readRecords(path), []);
  const [first, second] = records();
  const text = `${JSON.stringify(first)}\n${JSON.stringify(second)}`;
  await Deno.writeTextFile(path, text);
  assertEquals((await readRecords(path)).map(keyOf), [keyOf(first)]);
  await dropHalfLine(path);
  assertEquals(await Deno.readTextFile(path), `${JSON.stringify(first)}\n`);
  await Deno.writeTextFile(path, `${text}\n`);
  await dropHalfLine(path);
  assertEquals(await readRecords(path), [first, second]);
});

Deno.test("keepSearch() takes away what hangs on the range test's rule", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/records.jsonl`;
  await keepSearch(path);
  const all = records();
  await Deno.writeTextFile(
    path,
    all.map((record) => `${JSON.stringify(record)}\n`).join(""),
  );
  await keepSearch(path);
  assertEquals(
    await readRecords(path),
    all.filter((record) => "lr" in record),
  );
});

Deno.test("train() of a seed is the same again, and another of another", async () => {
  const recurrent = PROBLEMS.find(({ name }) => name === "lstm")!;
  const data = await recurrent.load({ cifar10: "", mnist: "" });
  const small = { ...data, testBatches: 1, examples: { train: 0, test: 250 } };
  const run = (seed: number) =>
    train(recurrent, small, { seed, plan: stepDecay(0.03, 12) });
  const first = await run(1);
  assertEquals(await run(1), first);
  assert((await run(2)).accuracy !== first.accuracy);
  const { diverged } = await train(recurrent, small, {
    seed: 1,
    plan: { iterations: 5, schedule: () => 1e38 },
  });
  assert(diverged);
});
