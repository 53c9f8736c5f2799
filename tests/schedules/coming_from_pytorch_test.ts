import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as schedules from "@clr/clr/schedules";
import { PYTHON, runPython } from "../_python.ts";
import { namesUnder, PYTORCH_2 } from "./_coming_from.ts";

/** Each line of the table that is a schedule: there, and as it says, here. */
const LINES: {
  readonly cls: string;
  readonly kwargs?: Record<string, unknown>;
  readonly code?: Record<string, string>;
  readonly schedule: schedules.Schedule;
}[] = [
  {
    cls: "CyclicLR",
    kwargs: {
      base_lr: 0.1,
      max_lr: 0.5,
      step_size_up: 60,
      step_size_down: 90,
      mode: "triangular2",
    },
    schedule: schedules.cyclic({
      baseLr: 0.1,
      maxLr: 0.5,
      stepSize: 60,
      stepSizeDown: 90,
      mode: "triangular2",
    }),
  },
  {
    cls: "OneCycleLR",
    kwargs: { max_lr: 0.5, total_steps: 1000 },
    schedule: schedules.oneCycle({ maxLr: 0.5, iterations: 1000 }),
  },
  {
    cls: "CosineAnnealingLR",
    kwargs: { T_max: 1000, eta_min: 0.01 },
    schedule: schedules.cosine({ startLr: 0.4, endLr: 0.01, iterations: 1000 }),
  },
  {
    cls: "CosineAnnealingWarmRestarts",
    kwargs: { T_0: 30, T_mult: 2 },
    schedule: schedules.cosineRestarts({
      maxLr: 0.4,
      cycleSize: 30,
      cycleFactor: 2,
    }),
  },
  {
    cls: "StepLR",
    kwargs: { step_size: 70, gamma: 0.5 },
    schedule: schedules.step({ startLr: 0.4, stepSize: 70, factor: 0.5 }),
  },
  {
    cls: "StepLR",
    kwargs: { step_size: 300, gamma: 1.5 },
    schedule: schedules.exponential({
      startLr: 0.4,
      iterations: 300,
      factor: 1.5,
      staircase: true,
    }),
  },
  {
    cls: "MultiStepLR",
    kwargs: { milestones: [100, 400], gamma: 0.1 },
    schedule: schedules.piecewise([
      { iteration: 0, lr: 0.4 },
      { iteration: 100, lr: 0.04 },
      { iteration: 400, lr: 0.004 },
    ]),
  },
  {
    cls: "ConstantLR",
    kwargs: { factor: 0.25, total_iters: 50 },
    schedule: schedules.piecewise([
      { iteration: 0, lr: 0.1 },
      { iteration: 50, lr: 0.4 },
    ]),
  },
  {
    cls: "LinearLR",
    kwargs: { start_factor: 0.25, end_factor: 0.75, total_iters: 400 },
    schedule: schedules.linear({ startLr: 0.1, endLr: 0.3, iterations: 400 }),
  },
  {
    cls: "PolynomialLR",
    kwargs: { total_iters: 900, power: 2 },
    schedule: schedules.polynomial({ startLr: 0.4, iterations: 900, power: 2 }),
  },
  {
    cls: "ExponentialLR",
    kwargs: { gamma: 0.99 },
    schedule: schedules.exponential({ startLr: 0.4, factor: 0.99 }),
  },
  {
    cls: "SequentialLR",
    kwargs: {
      schedulers: [
        { cls: "LinearLR", kwargs: { start_factor: 0.1, total_iters: 50 } },
        { cls: "ExponentialLR", kwargs: { gamma: 0.999 } },
      ],
      milestones: [50],
    },
    schedule: schedules.sequence([
      {
        schedule: schedules.linear({
          startLr: 0.04,
          endLr: 0.4,
          iterations: 50,
        }),
      },
      { schedule: schedules.exponential({ startLr: 0.4, factor: 0.999 }) },
    ]),
  },
  {
    cls: "ChainedScheduler",
    kwargs: {
      schedulers: [
        { cls: "StepLR", kwargs: { step_size: 200, gamma: 0.5 } },
        { cls: "ExponentialLR", kwargs: { gamma: 0.999 } },
      ],
    },
    schedule: schedules.scale(
      schedules.step({ startLr: 0.4, stepSize: 200, factor: 0.5 }),
      schedules.exponential({ startLr: 1, factor: 0.999 }),
    ),
  },
  {
    cls: "LambdaLR",
    code: { lr_lambda: "lambda t: 1 / (1 + t / 100)" },
    schedule: (t) => 0.4 / (1 + t / 100),
  },
  {
    cls: "MultiplicativeLR",
    code: { lr_lambda: "lambda t: 0.5 if t % 100 == 0 else 1" },
    schedule: (t) => 0.4 * 0.5 ** Math.floor(t / 100),
  },
  {
    cls: "SWALR",
    kwargs: { swa_lr: 0.05, anneal_epochs: 300 },
    schedule: schedules.cosine({ startLr: 0.4, endLr: 0.05, iterations: 300 }),
  },
  {
    cls: "SWALR",
    kwargs: { swa_lr: 0.5, anneal_epochs: 300, anneal_strategy: "linear" },
    schedule: schedules.linear({ startLr: 0.4, endLr: 0.5, iterations: 300 }),
  },
];

Deno.test({
  name:
    "the table's lines have the rates of PyTorch's schedulers for 1,000 steps",
  ignore: PYTHON === undefined,
  async fn() {
    const steps = 1000;
    const { classes, rates } = await runPython<
      { classes: string[]; rates: number[][] }
    >(new URL("_pytorch_table.py", import.meta.url), { steps, items: LINES });
    const names = namesUnder("PyTorch").map((name) =>
      name.replace("swa_utils.", "")
    );
    for (const name of classes) assert(names.includes(name), name);
    // ReduceLROnPlateau follows no iterations; it is compared in its own test.
    assertEquals(
      new Set(LINES.map(({ cls }) => cls)),
      new Set(
        [...classes, ...PYTORCH_2].map((name) => name.replace("swa_utils.", ""))
          .filter((name) => name !== "ReduceLROnPlateau"),
      ),
    );
    rates.forEach((row, i) => {
      const { cls, schedule } = LINES[i];
      assertEquals(row.length, steps);
      row.forEach((rate, t) =>
        assertAlmostEquals(
          schedule(t),
          rate,
          1e-12 * Math.max(...row),
          `${cls} at ${t}`,
        )
      );
    });
  },
});
