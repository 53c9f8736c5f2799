/** What is no model, schedule, run or chart is refused where it is given, by name. */

import * as tf from "@tensorflow/tfjs";
import { assertMatch, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { evaluateClassifier } from "@clr/clr/metrics";
import { toOnnx } from "@clr/clr/onnx/export";
import {
  comparisonChart,
  historyChart,
  rangeChart,
  scheduleChart,
  toHtml,
  toPng,
  toSvg,
} from "@clr/clr/plots";
import { clamp, describe, scale, warmup } from "@clr/clr/schedules";
import {
  AdamW,
  CycleSnapshots,
  ExponentialMovingAverage,
  layerRates,
  setDropoutRate,
  SGDW,
  StopOnAbort,
} from "@clr/clr/training";

/** What is given where TypeScript's types are not heeded. */
const WRONG: readonly unknown[] = [undefined, null, 3, "text", {}];

const TAKES: { readonly [name: string]: (given: never) => unknown } = {
  clamp: (given) => clamp(given, { max: 1 }),
  comparisonChart: (given) =>
    comparisonChart([{ ...(given as object), name: "a" } as never]),
  CycleSnapshots: (given) => new CycleSnapshots(given),
  describe: (given) => describe(given),
  evaluateClassifier: (given) => evaluateClassifier(given, [] as never),
  ExponentialMovingAverage: (given) => new ExponentialMovingAverage(given),
  historyChart: (given) => historyChart(given),
  layerRates: (given) => layerRates(given, { "*": 0.1 }),
  LearningRateScheduler: (given) => new LearningRateScheduler(given),
  rangeChart: (given) => rangeChart(given),
  scale: (given) => scale(given, 2),
  scheduleChart: (given) => scheduleChart(given, 10),
  setDropoutRate: (given) => setDropoutRate(given, 0.5),
  StopOnAbort: (given) => new StopOnAbort(given),
  toHtml: (given) => toHtml([given]),
  toOnnx: (given) => toOnnx(given),
  toPng: (given) => toPng(given),
  toSvg: (given) => toSvg(given),
  warmup: (given) => warmup(given, { iterations: 5 }),
};

for (const [name, call] of Object.entries(TAKES)) {
  Deno.test(`${name}() says what it must be given, and what it was given`, async () => {
    for (const given of WRONG) {
      const { message } = await assertRejects(
        async () => await call(given as never),
        TypeError,
      );
      assertMatch(message, /^Cannot .+ as .+ must .+: current value is .+/);
    }
  });
}

Deno.test("AdamW and SGDW refuse what no step can be taken with", () => {
  for (const value of [-1, NaN, Infinity, "0.1"] as number[]) {
    const refused: [() => unknown, string][] = [
      [() => new AdamW(value), "Cannot create AdamW as learningRate must be"],
      [() => new SGDW(value), "Cannot create SGDW as learningRate must be"],
      [() => new AdamW(0.1, { epsilon: value }), "as epsilon must be finite"],
      [() => new AdamW(0.1, { beta1: value }), "as beta1 must be >= 0 and < 1"],
      [() => new AdamW(0.1, { beta2: value }), "as beta2 must be >= 0 and < 1"],
      [() => new SGDW(0.1, { momentum: value }), "as momentum must be >= 0"],
      [() => new SGDW(0.1, { weightDecay: value }), "as weightDecay must be"],
    ];
    for (const [create, message] of refused) {
      assertThrows(create, RangeError, message);
    }
  }
  for (const optimizer of [new AdamW(0), new SGDW(0, { momentum: 0 })]) {
    optimizer.dispose();
  }
});

Deno.test("CyclicLR refuses an onCycleEnd that could not be called when its cycle ends", () => {
  assertThrows(
    () => new CyclicLR({ onCycleEnd: "save" as never }),
    TypeError,
    'onCycleEnd must be a function: current value is "save"',
  );
});

Deno.test("ExponentialMovingAverage refuses an array of other things than variables", () => {
  assertThrows(
    () => new ExponentialMovingAverage([tf.scalar(1)] as never),
    TypeError,
    "an array of tf.Variable: current value is an array of others",
  );
});
