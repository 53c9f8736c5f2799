import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, LearningRateRange } from "@clr/clr";
import { AdamW, getMomentum, SGDW } from "@clr/clr/training";
import type { GridPoint } from "../../src/finder/result/grid_data.ts";
import { chooseGridPoint } from "../../src/finder/verdict/choose_grid_point.ts";
import { wordGrid } from "../../src/finder/words/grid_words.ts";
import {
  checkGrid,
  pointsOf,
} from "../../src/finder/options/hyperparameter_grid.ts";
import { shuffle } from "../../src/runtime/random.ts";

await tf.setBackend("cpu");

/** A point whose loss falls to `best` at `bestLr` and is lost at `highestLr`. */
function point(
  best: number,
  { highestLr, weightDecay, noise = 0.001 }: {
    readonly highestLr: number;
    readonly weightDecay: number;
    readonly noise?: number;
  },
): GridPoint {
  const learningRates = Array.from(
    { length: 61 },
    (_, i) => 10 ** (i / 10 - 5),
  );
  const bestLr = learningRates[40];
  const values = learningRates.map((rate, i) =>
    best + (1 - best) / (1 + (rate / 0.01) ** 2) + (rate / highestLr) ** 4 +
    (i % 2 ? noise : -noise)
  );
  return {
    label: `weight decay ${weightDecay}`,
    weightDecay,
    learningRates,
    values,
    trend: values,
    stopReason: "end",
    verdict: "good",
    best,
    bestLr,
    highestLr,
    noise,
  };
}

Deno.test("chooseGridPoint() prefers the best loss, then the highest rate, then the largest value", () => {
  const choose = (...points: GridPoint[]) => {
    const chosen = chooseGridPoint(points, { better: "lower", start: 1 });
    return [chosen.best, chosen.reason];
  };
  assertEquals(choose(point(0.3, { highestLr: 1, weightDecay: 0 })), [
    0,
    "only-value",
  ]);
  assertEquals(
    choose(
      point(0.3, { highestLr: 1, weightDecay: 0 }),
      point(0.2, { highestLr: 0.5, weightDecay: 0.1 }),
      point(0.4, { highestLr: 9, weightDecay: 1 }),
    ),
    [1, "best-loss"],
  );
  assertEquals(
    choose(
      point(0.2, { highestLr: 1, weightDecay: 0 }),
      point(0.202, { highestLr: 3, weightDecay: 0.1 }),
      point(0.3, { highestLr: 9, weightDecay: 1 }),
    ),
    [1, "highest-rate"],
  );
  assertEquals(
    choose(
      point(0.2, { highestLr: 1, weightDecay: 0 }),
      point(0.203, { highestLr: 1.1, weightDecay: 0.1 }),
      point(0.3, { highestLr: 9, weightDecay: 1 }),
    ),
    [1, "largest-value"],
  );
  // What is a difference without noise, or in the noise of both alike, is none
  // in noise of their own.
  assertEquals(
    choose(
      point(0.2, { highestLr: 3, weightDecay: 0, noise: 0.2 }),
      point(0.25, { highestLr: 1, weightDecay: 0.1, noise: 0.2 }),
    ),
    [
      0,
      "best-loss",
    ],
  );
  assertEquals(
    choose(
      point(0.2, { highestLr: 3, weightDecay: 0, noise: 0.2 }),
      point(0.25, { highestLr: 1, weightDecay: 0.1, noise: -0.2 }),
    ),
    [
      0,
      "highest-rate",
    ],
  );
  const higher = { ...point(0.9, { highestLr: 1, weightDecay: 0 }), best: 0.9 };
  assertEquals(
    chooseGridPoint([higher, { ...higher, best: 0.5 }], {
      better: "higher",
      start: 0.1,
    }).best,
    0,
  );
});

Deno.test("wordGrid() says why each is the best", () => {
  const points = [
    point(0.2, { highestLr: 1, weightDecay: 0 }),
    point(0.3, { highestLr: 3, weightDecay: 0.1 }),
  ];
  const cost = { trained: 1, evaluated: 0 };
  const words = (reason: "best-loss" | "highest-rate" | "largest-value") =>
    wordGrid({ curve: "loss", better: "lower", points, best: 0, reason, cost });
  assertEquals(
    words("best-loss"),
    "Weight decay 0 is best: its loss comes to 0.2, the others' to 0.3.",
  );
  assertStringIncludes(words("highest-rate"), "training holds up to 1,");
  assertStringIncludes(words("largest-value"), "the largest of those");
  assertEquals(
    wordGrid({ curve: "loss", better: "lower", points, cost }),
    "The test was stopped before every point of the grid was tested.",
  );
});

/** What a weight w of loss (w − 3)² comes to, step by step, in doubles. */
function lossesOf(
  rates: readonly number[],
  { weightDecay, momentum }: { weightDecay: number; momentum: number },
): number[] {
  let w = 0;
  let m = 0;
  return rates.map((rate) => {
    const loss = (w - 3) ** 2;
    const gradient = 2 * (w - 3);
    m = momentum * m + gradient;
    w = w * (1 - rate * weightDecay) - rate * m;
    return loss;
  });
}

Deno.test("findLearningRate() records for each point of a grid what a loop in doubles does", async () => {
  const w = tf.variable(tf.scalar(0), true, "grid_w");
  const optimizer = new SGDW(0.1, { momentum: 0.7, weightDecay: 0.2 });
  const range = await findLearningRate(
    {
      optimizer,
      variables: [w],
      trainOnBatch: () =>
        optimizer.minimize(() => w.sub(3).square() as tf.Scalar, true, [w])!,
    },
    () => [{}],
    {
      iterations: 40,
      startLr: 1e-3,
      endLr: 0.3,
      grid: { weightDecay: [0, 0.5, 3], momentum: [0.3, 0.9] },
    },
  );
  const { points, best } = range.grid!;
  assertEquals(points.length, 6);
  assertEquals(
    points.map(({ weightDecay, momentum }) => [weightDecay, momentum]),
    [[0, 0.3], [0, 0.9], [0.5, 0.3], [0.5, 0.9], [3, 0.3], [3, 0.9]],
  );
  for (
    const { label, weightDecay, momentum, learningRates, values } of points
  ) {
    const expected = lossesOf(learningRates, {
      weightDecay: weightDecay!,
      momentum: momentum!,
    });
    assert(learningRates.length > 10);
    values.forEach((loss, i) =>
      assertAlmostEquals(loss, expected[i], 1e-4, `${label}, rate ${i}`)
    );
  }
  // The result is that of the best point, which went over the same rates.
  assertEquals(range.losses, points[best!].values);
  assertEquals(optimizer.weightDecay, 0.2);
  assertAlmostEquals(getMomentum(optimizer), 0.7);
  assertEquals(w.dataSync()[0], 0);
  w.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() trains every point of a grid on the same batches and random numbers", async () => {
  const w = tf.variable(tf.scalar(0));
  const optimizer = tf.train.momentum(0.1, 0.9);
  const seen: string[][] = [];
  const told = new Set<string>();
  const numbers = Int32Array.from({ length: 10 }, (_, i) => i);
  // Another order in each pass, from a generator that goes on.
  let state = 1;
  const random = () => (state = state * 16807 % 2147483647) / 2147483647;
  const { numTensors } = tf.memory();
  const options = { iterations: 25, startLr: 1e-3, endLr: 0.01 };
  await findLearningRate(
    {
      optimizer,
      variables: [w],
      trainOnBatch: ({ x }: { x: tf.Scalar }) => {
        seen.at(-1)!.push(`${x.dataSync()[0]} ${Math.random()}`);
        return optimizer.minimize(
          () => w.sub(x).square() as tf.Scalar,
          true,
          [w],
        )!;
      },
    },
    function* () {
      shuffle(numbers, random);
      for (const x of numbers) yield { x: tf.scalar(x) };
    },
    {
      ...options,
      grid: { momentum: [0, 0.5, 0.9] },
      onBatch: ({ iteration, hyperparameters }) => {
        told.add(`${hyperparameters?.momentum}`);
        if (iteration === 25) seen.push([]);
      },
      signal: (seen.push([]), undefined),
    },
  );
  assertEquals([...told], ["0", "0.5", "0.9"]);
  const [first, second, third] = seen;
  assertEquals(first.length, 25);
  assertEquals(second, first);
  assertEquals(third, first);
  assert(new Set(first).size === 25);
  assertEquals(tf.memory().numTensors, numTensors);
  w.dispose();
  optimizer.dispose();
});

function network(optimizer: tf.Optimizer): tf.LayersModel {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
  const made = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        inputShape: [4],
        activation: "relu",
        kernelInitializer,
      }),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  made.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  return made;
}

Deno.test("findLearningRate() with a grid gives a range that round-trips, with a table and the words", async () => {
  const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
  const ys = xs.sum(1, true);
  const optimizer = new AdamW(0.01);
  const model = network(optimizer);
  const before = model.getWeights().map((weight) => [...weight.dataSync()]);
  const range = await findLearningRate(model, { xs, ys }, {
    grid: { weightDecay: [0, 0.01, 0.1] },
  });
  const { grid } = range;
  assertEquals(grid!.points.length, 3);
  // It chose its rates for itself at the best, over all the same rates before.
  assert(range.settings.maxBatches! > 0);
  const first = grid!.points[0].learningRates;
  for (const { learningRates } of grid!.points) {
    const shared = Math.min(first.length, learningRates.length);
    assertEquals(learningRates.slice(0, shared), first.slice(0, shared));
  }
  const json = JSON.stringify(range);
  const again = LearningRateRange.fromJSON(json);
  assertEquals(JSON.stringify(again), json);
  assertEquals(`${again}`, `${range}`);
  const text = `${range}`;
  for (const { label } of grid!.points) assertStringIncludes(text, label);
  assertStringIncludes(text.replace(/\s+/g, " "), grid!.advice);
  assertEquals(
    model.getWeights().map((weight) => [...weight.dataSync()]),
    before,
  );
  assertEquals(optimizer.weightDecay, 0.01);
  tf.dispose([xs, ys]);
  model.dispose();
  optimizer.dispose();
});

Deno.test("findLearningRate() refuses grids that the optimizer cannot take", async () => {
  const xs = tf.ones([8, 4]);
  const ys = tf.ones([8, 1]);
  const cases: [tf.Optimizer, object, string][] = [
    [
      tf.train.sgd(0.1),
      { weightDecay: [0] },
      "the optimizer must have a weightDecay, as AdamW and SGDW of @clr/clr/training do: current value is SGD",
    ],
    [tf.train.adam(0.1), { weightDecay: [0] }, "current value is Adam"],
    [tf.train.sgd(0.1), { momentum: [0.9] }, "current value is SGD"],
    [new AdamW(), {}, "grid must have values of weightDecay or momentum"],
    [new AdamW(), { weightdecay: [0] }, 'did you mean "weightDecay"?'],
    [new AdamW(), { weightDecay: 0.1 }, "current value is 0.1"],
    [new AdamW(), { weightDecay: [] }, "current value is []"],
    [new AdamW(), { weightDecay: [0, -1] }, "each finite and >= 0"],
    [new AdamW(), { weightDecay: [0, 0] }, "different numbers"],
    [new AdamW(), { momentum: [0.5, 1] }, "each >= 0 and < 1"],
    [new AdamW(), { momentum: [0.5, 0] }, "beta1, must be > 0"],
  ];
  for (const [optimizer, grid, message] of cases) {
    const model = network(optimizer);
    const error = await assertRejects(
      () => findLearningRate(model, { xs, ys }, { grid }),
      Error,
    );
    assertStringIncludes(error.message, message);
    assert(error instanceof TypeError || error instanceof RangeError);
    model.dispose();
  }
  tf.dispose([xs, ys]);
});

Deno.test("findLearningRate() returns what there is of a grid that is stopped", async () => {
  const xs = tf.randomNormal([64, 4], 0, 1, "float32", 1);
  const ys = xs.sum(1, true);
  const model = network(new SGDW(0.01));
  const { numTensors } = tf.memory();
  const controller = new AbortController();
  const range = await findLearningRate(model, { xs, ys }, {
    grid: { momentum: [0.5, 0.9, 0.95] },
    signal: controller.signal,
    onBatch: ({ hyperparameters, iteration }) => {
      if (hyperparameters?.momentum === 0.9 && iteration === 4) {
        controller.abort();
      }
    },
  });
  assertEquals(range.stopReason, "aborted");
  assertEquals(range.grid!.points.map(({ momentum }) => momentum), [0.5, 0.9]);
  assertEquals(range.grid!.best, undefined);
  assertEquals(tf.memory().numTensors, numTensors);
  assertStringIncludes(`${range}`.replace(/\s+/g, " "), range.grid!.advice);
  tf.dispose([xs, ys]);
  model.dispose();
});

Deno.test("findLearningRate() draws the points of a grid one by one, however many", () => {
  const values = Array.from({ length: 100_000 }, (_, i) => i / 100_000);
  const points = pointsOf({ weightDecay: values, momentum: values });
  assertEquals([...Iterator.from(points).take(100_001)].slice(-2), [
    { weightDecay: 0, momentum: 0.99999 },
    { weightDecay: 0.00001, momentum: 0 },
  ]);
});

Deno.test("findLearningRate() shows the first of many bad values of a grid", () => {
  const model = network(new SGDW(0.01));
  const momentum = Array.from({ length: 100_000 }, () => 1);
  const error = assertThrows(
    () => checkGrid({ momentum }, model.optimizer),
    RangeError,
    "current value is [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, … (100000 values)]",
  );
  assert(error.message.length < 250);
  model.dispose();
});
