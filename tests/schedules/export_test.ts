import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { CyclicLR } from "@clr/clr";
import {
  constant,
  cosineRestarts,
  cyclic,
  exponential,
  momentumOf,
  oneCycle,
  scale,
  type Schedule,
  sequence,
  step,
  toKeras,
  toOptax,
  toPyTorch,
} from "@clr/clr/schedules";
import { EXAMPLES } from "./_examples.ts";
import { PYTHON, runPython } from "../_python.ts";

const ITERATIONS = Array.from({ length: 5000 }, (_, t) => t);

Deno.test({
  name:
    "toPyTorch(), toKeras() and toOptax() give the same rates for 5,000 iterations",
  ignore: PYTHON === undefined,
  async fn() {
    const items = Object.entries(EXAMPLES)
      .filter(([name]) => name !== "sequence")
      .map(([name, schedule]) => {
        const momentum = momentumOf(schedule);
        return {
          name,
          pytorch: toPyTorch(schedule),
          optax: toOptax(schedule),
          keras: momentum ? undefined : toKeras(schedule),
          rates: ITERATIONS.map(schedule),
          momenta: momentum && ITERATIONS.map(momentum),
        };
      });
    const report = await runPython<Record<string, number | string>[]>(
      new URL("_check_exports.py", import.meta.url),
      items,
    );
    assert(report.length === items.length);
    for (const { name, ...errors } of report) {
      for (const [what, error] of Object.entries(errors)) {
        assert(Number(error) < 1e-12, `${name}: ${what} off by ${error}`);
      }
    }
  },
});

const NATIVE: Record<string, Schedule> = {
  ...Object.fromEntries(
    (["triangular", "triangular2", "exp_range"] as const).flatMap((mode) =>
      [[2000, 2000], [370, 910], [1, 3], [1333.25, 40.5]].filter(([up]) =>
        up > 1 || mode !== "triangular2"
      ).map(([up, down]) => [
        `CyclicLR ${mode} ${up} ${down}`,
        cyclic({ baseLr: 0, stepSize: up, stepSizeDown: down, mode }),
      ])
    ),
  ),
  ...Object.fromEntries(
    [0.3, 0.41, 1 / 3].flatMap((pctStart) =>
      (["cosine", "linear"] as const).flatMap((anneal) =>
        [true, false].map((threePhase) => [
          `OneCycleLR ${pctStart} ${anneal} ${threePhase}`,
          oneCycle({
            maxLr: 0.1,
            iterations: 15_000,
            pctStart,
            anneal,
            threePhase,
            ...(threePhase && { momentum: { base: 0.85, max: 0.95 } }),
          }),
        ])
      )
    ),
  ),
  "CosineAnnealingWarmRestarts 1": cosineRestarts({ maxLr: 1, cycleSize: 77 }),
  "CosineAnnealingWarmRestarts 3": cosineRestarts({
    maxLr: 1,
    cycleSize: 5,
    cycleFactor: 3,
  }),
  "StepLR": step({ startLr: 0.3, stepSize: 700, factor: 0.9 }),
  "ExponentialLR": exponential({ startLr: 0.3, factor: 0.9995 }),
  "StepLR of an exponential": exponential({
    startLr: 0.3,
    factor: 0.5,
    iterations: 3000,
    staircase: true,
  }),
};

Deno.test({
  name: "toPyTorch() takes PyTorch's own schedulers for the same 20,000 rates",
  ignore: PYTHON === undefined,
  async fn() {
    const iterations = Array.from({ length: 20_000 }, (_, t) => t);
    const items = Object.entries(NATIVE).map(([name, schedule]) => {
      const pytorch = toPyTorch(schedule);
      assertStringIncludes(pytorch, `class Scheduler(${name.split(" ")[0]}):`);
      const momentum = momentumOf(schedule);
      return {
        name,
        pytorch,
        optax: toOptax(schedule),
        rates: iterations.map(schedule),
        momenta: momentum && iterations.map(momentum),
      };
    });
    const report = await runPython<Record<string, number | string>[]>(
      new URL("_check_exports.py", import.meta.url),
      items,
    );
    assertEquals(report.length, items.length);
    for (const { name, ...errors } of report) {
      for (const [what, error] of Object.entries(errors)) {
        assert(Number(error) < 1e-9, `${name}: ${what} off by ${error}`);
      }
    }
  },
});

Deno.test("toPyTorch() writes a LambdaLR where PyTorch's own has other numbers", () => {
  const momentum = { base: 0.85, max: 0.95 };
  const others = [
    cyclic({ waveform: "hann" }),
    cyclic({ cycleFactor: 2 }),
    cyclic({ cycles: 2 }),
    cyclic({ momentum }),
    cyclic({ mode: "triangular2", stepSize: 100 }),
    oneCycle({ maxLr: 1, iterations: 10, pctStart: 0 }),
    oneCycle({ maxLr: 1, iterations: 10, pctStart: 0.1 }),
    oneCycle({ maxLr: 1, iterations: 10, pctStart: 1 }),
    cosineRestarts({ maxLr: 1, minLr: 0.1, cycleSize: 5 }),
    cosineRestarts({ maxLr: 1, cycleSize: 5.5 }),
    cosineRestarts({ maxLr: 1, cycleSize: 5, cycleFactor: 1.5 }),
    cosineRestarts({ maxLr: 1, cycleSize: 5, cycles: 3 }),
    cosineRestarts({ maxLr: 1, cycleSize: 5, warmupIterations: 1 }),
    step({ startLr: 1, stepSize: 2.5 }),
    exponential({ startLr: 1, factor: 0.5, endLr: 0.1 }),
    exponential({ startLr: 1, factor: 2 }),
  ];
  for (const schedule of others) {
    assertStringIncludes(toPyTorch(schedule), "class Scheduler(LambdaLR):");
  }
});

Deno.test({
  name: "toPyTorch() and toOptax() reach the bounds of a cycle exactly",
  ignore: PYTHON === undefined,
  async fn() {
    const bounds = fc.record({
      baseLr: fc.double({ min: 1e-9, max: 0.1, noNaN: true }),
      ratio: fc.double({ min: 1, max: 100, noNaN: true }),
    });
    const schedules = fc.sample(bounds, { numRuns: 300, seed: 1 })
      .map(({ baseLr, ratio }) =>
        cyclic({
          ...{ baseLr, maxLr: baseLr * ratio, stepSize: 20 },
          mode: "triangular2",
        })
      );
    // Where base + (max - base) rounds to another number.
    assert(schedules.some((rate) => rate(0) + (rate(20) - rate(0)) > rate(20)));
    const report = await runPython<Record<string, number | string>[]>(
      new URL("_check_exports.py", import.meta.url),
      schedules.map((schedule, i) => ({
        name: `${i}`,
        pytorch: toPyTorch(schedule),
        optax: toOptax(schedule),
        rates: ITERATIONS.slice(0, 100).map(schedule),
      })),
    );
    for (const { name, ...errors } of report) {
      const exact = { "PyTorch rate, SGD": 0, "optax rate": 0 };
      assertEquals(errors, exact, `schedule ${name}`);
    }
  },
});

Deno.test("toPyTorch() takes a CyclicLR as it takes its schedule", () => {
  const clr = new CyclicLR({ mode: "triangular2", stepSize: 500 });
  assertEquals(toPyTorch(clr), toPyTorch(clr.schedule));
});

Deno.test("toPyTorch() goes on at the iteration of a scheduler", () => {
  const schedule = cyclic();
  const source = toPyTorch({ schedule, iteration: 1234 });
  assertStringIncludes(source, "last_epoch=1233");
  assertStringIncludes(
    toKeras({ schedule, iteration: 1234 }),
    "iteration=1234",
  );
  assertStringIncludes(toOptax({ schedule, iteration: 1234 }), "count + 1234");
});

Deno.test("toPyTorch() writes the rates of a scheduler that is scaled", () => {
  const clr = new CyclicLR({ stepSize: 500 });
  clr.scale = 0.25;
  for (const to of [toPyTorch, toKeras, toOptax]) {
    assertEquals(to(clr), to(scale(clr.schedule, 0.25)));
  }
});

Deno.test("toPyTorch() refuses what Python cannot be given", () => {
  for (const schedule of [(t: number) => t, cyclic({ scaleFn: () => 1 })]) {
    assertThrows(
      () => toPyTorch(schedule),
      TypeError,
      "Cannot describe a schedule",
    );
  }
  const momentum = { base: 0.85, max: 0.95 };
  const mixed = sequence([
    { schedule: constant(0.1), iterations: 10 },
    { schedule: oneCycle({ maxLr: 1, iterations: 20, momentum }) },
  ]);
  assertThrows(
    () => toPyTorch(mixed),
    TypeError,
    "every stage must have a momentum where one has: current value is constant",
  );
});

Deno.test("toKeras() refuses a momentum, which Keras compiles in", () => {
  const schedule = cyclic({ momentum: { base: 0.85, max: 0.95 } });
  assertThrows(() => toKeras(schedule), TypeError, "must have no momentum");
});
