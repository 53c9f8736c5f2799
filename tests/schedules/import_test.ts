import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import {
  cyclic,
  describe,
  fromKeras,
  fromPyTorch,
  momentumOf,
} from "@clr/clr/schedules";
import { PYTHON, runPython } from "./_python.ts";

// The values of CyclicLR(optimizer, 0.001, 0.006, step_size_up=3,
// step_size_down=5, mode="exp_range", gamma=0.99) of PyTorch 1.13.
const CYCLIC_STATE = {
  max_lrs: [0.006],
  total_size: 8.0,
  step_ratio: 0.375,
  mode: "exp_range",
  gamma: 0.99,
  _scale_fn_custom: null,
  scale_mode: "iterations",
  cycle_momentum: true,
  base_momentums: [0.8],
  max_momentums: [0.9],
  base_lrs: [0.001],
  last_epoch: 17,
};

const PYTORCH = [
  ...["triangular", "triangular2", "exp_range"].map((mode) => ({
    cls: "CyclicLR",
    kwargs: {
      base_lr: 0.001,
      max_lr: 0.006,
      step_size_up: 37,
      step_size_down: 91,
      gamma: 0.999,
      mode,
    },
  })),
  { cls: "OneCycleLR", kwargs: { max_lr: 0.1, total_steps: 1000 } },
  {
    cls: "OneCycleLR",
    kwargs: {
      max_lr: 0.1,
      total_steps: 1000,
      pct_start: 0.4,
      anneal_strategy: "linear",
      three_phase: true,
    },
  },
  {
    cls: "CosineAnnealingWarmRestarts",
    kwargs: { T_0: 50, T_mult: 2, eta_min: 0.01 },
  },
  { cls: "StepLR", kwargs: { step_size: 300 } },
  { cls: "MultiStepLR", kwargs: { milestones: [90, 300, 300, 700] } },
  { cls: "LinearLR", kwargs: { start_factor: 0.25, total_iters: 400 } },
  { cls: "PolynomialLR", kwargs: { total_iters: 600, power: 2 } },
  { cls: "ExponentialLR", kwargs: { gamma: 0.99 } },
];

Deno.test({
  name: "fromPyTorch() gives the rates of PyTorch's own schedulers",
  ignore: PYTHON === undefined,
  async fn() {
    const rows = await runPython<
      {
        state: string;
        group: Record<string, unknown>;
        rates: number[];
        momenta: number[];
      }[]
    >(
      "_check_pytorch.py",
      PYTORCH.map((item) => ({ ...item, steps: 123, probe: 1000 })),
    );
    rows.forEach(({ state, group, rates, momenta }, i) => {
      const { cls, kwargs } = PYTORCH[i];
      const name = `${cls} ${JSON.stringify(kwargs)}`;
      const { schedule, iteration } = fromPyTorch(state, { paramGroup: group });
      assertEquals(iteration, 123);
      // PyTorch's own formulas accumulate or cancel some digits.
      const tolerance = 1e-13 * Math.max(...rates);
      rates.forEach((rate, t) =>
        assertAlmostEquals(schedule(t), rate, tolerance, `${name} at ${t}`)
      );
      const momentum = momentumOf(schedule);
      assertEquals(momentum !== undefined, cls.includes("Cycl"), name);
      if (momentum) {
        momenta.forEach((value, t) =>
          assertAlmostEquals(momentum(t)!, value, 1e-13, `${name} at ${t}`)
        );
      }
    });
  },
});

Deno.test("fromPyTorch() reads the state of a CyclicLR", () => {
  const { schedule, iteration } = fromPyTorch(JSON.stringify(CYCLIC_STATE));
  assertEquals(iteration, 17);
  assertEquals(
    describe(schedule),
    describe(cyclic({
      stepSize: 3,
      stepSizeDown: 5,
      mode: "exp_range",
      gamma: 0.99,
      momentum: { base: 0.8, max: 0.9 },
    })),
  );
});

Deno.test("fromPyTorch() finds the whole step size in every ratio", () => {
  for (let up = 1; up < 60; up++) {
    for (let down = 1; down < 60; down++) {
      const total = up + down;
      const { schedule } = fromPyTorch({
        ...CYCLIC_STATE,
        total_size: total,
        step_ratio: up / total,
      });
      const description = describe(schedule);
      assert(description.kind === "cyclic");
      assertEquals(
        [description.stepSize, description.stepSizeDown],
        [up, down],
      );
    }
  }
});

Deno.test("fromPyTorch() says what it lacks", () => {
  assertThrows(
    () => fromPyTorch({ ...CYCLIC_STATE, base_lrs: [0.1, 0.2] }),
    TypeError,
    "state.base_lrs must be a list of one and the same number",
  );
  assertThrows(
    () => fromPyTorch({ ...CYCLIC_STATE, _scale_fn_custom: "<lambda>" }),
    TypeError,
    "must have no scale_fn of its own",
  );
  assertThrows(
    () => fromPyTorch({ _schedule_phases: [], last_epoch: 0 }),
    TypeError,
    'pass optimizer.state_dict()["param_groups"][0] as { paramGroup }',
  );
  assertThrows(
    () => fromPyTorch({ patience: 10, base_lrs: [1], last_epoch: 0 }),
    TypeError,
    "must be of a known PyTorch scheduler: current value has patience",
  );
});

Deno.test("fromKeras() gives the formulas of Keras's schedules", () => {
  const initial_learning_rate = 0.1;
  const cases: [string, Record<string, unknown>, (t: number) => number][] = [
    [
      "ExponentialDecay",
      { initial_learning_rate, decay_steps: 10, decay_rate: 0.96 },
      (t) => 0.1 * 0.96 ** (t / 10),
    ],
    [
      "ExponentialDecay",
      {
        initial_learning_rate,
        decay_steps: 10,
        decay_rate: 0.96,
        staircase: true,
      },
      (t) => 0.1 * 0.96 ** Math.floor(t / 10),
    ],
    [
      "InverseTimeDecay",
      { initial_learning_rate, decay_steps: 10, decay_rate: 0.5 },
      (t) => 0.1 / (1 + 0.5 * t / 10),
    ],
    [
      "PolynomialDecay",
      { initial_learning_rate, decay_steps: 30, power: 0.5 },
      (t) => (0.1 - 0.0001) * (1 - Math.min(t, 30) / 30) ** 0.5 + 0.0001,
    ],
    [
      "PiecewiseConstantDecay",
      { boundaries: [10, 20], values: [1, 0.5, 0.1] },
      (t) => t <= 10 ? 1 : t <= 20 ? 0.5 : 0.1,
    ],
    [
      "CosineDecay",
      { initial_learning_rate, decay_steps: 30, alpha: 0.1 },
      (t) =>
        0.1 *
        (0.9 * (1 + Math.cos(Math.PI * Math.min(t, 30) / 30)) / 2 + 0.1),
    ],
    [
      "CosineDecay",
      {
        initial_learning_rate: 0,
        decay_steps: 30,
        warmup_target: 0.1,
        warmup_steps: 10,
      },
      (t) =>
        t < 10
          ? 0.1 * t / 10
          : 0.05 * (1 + Math.cos(Math.PI * Math.min(t - 10, 30) / 30)),
    ],
    [
      "CosineDecayRestarts",
      { initial_learning_rate, first_decay_steps: 10, m_mul: 0.9, alpha: 0.2 },
      (t) => {
        const [start, length, height] = t < 10
          ? [0, 10, 1]
          : t < 30
          ? [10, 20, 0.9]
          : [30, 40, 0.81];
        const cosine = (1 + Math.cos(Math.PI * (t - start) / length)) / 2;
        return 0.1 * (0.8 * height * cosine + 0.2);
      },
    ],
  ];
  for (const [class_name, config, expected] of cases) {
    const rate = fromKeras({ class_name, config });
    for (let t = 0; t < 70; t++) {
      assertAlmostEquals(rate(t), expected(t), 1e-15, `${class_name} at ${t}`);
    }
  }
});

Deno.test("fromKeras() gives the callback's CyclicLR with Keras's defaults", () => {
  const rate = fromKeras({
    class_name: "CyclicLR",
    config: { mode: "exp_range" },
  });
  assertEquals([0, 2000, 6000].map(rate), [0.001, 0.006, 0.006]);
});

Deno.test("fromKeras() refuses what has no equal", () => {
  const config = { initial_learning_rate: 1, decay_steps: 10 };
  assertThrows(
    () =>
      fromKeras({
        class_name: "PolynomialDecay",
        config: { ...config, cycle: true },
      }),
    TypeError,
    "cycle must not be used",
  );
  assertThrows(
    () => fromKeras({ class_name: "ExponentialDecay", config }),
    TypeError,
    "ExponentialDecay.decay_rate must be a number: current value is undefined",
  );
  assertThrows(
    () => fromKeras({ class_name: "NoamDecay", config }),
    TypeError,
    'current value is "NoamDecay"',
  );
});
