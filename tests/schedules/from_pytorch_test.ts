import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { cyclic, describe, fromPyTorch, momentumOf } from "@clr/clr/schedules";
import { PYTHON, runPython } from "../_python.ts";

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
  { cls: "CosineAnnealingLR", kwargs: { T_max: 300, eta_min: 0.01 } },
  { cls: "CosineAnnealingLR", kwargs: { T_max: 2000 } },
  { cls: "CosineAnnealingLR", kwargs: { T_max: 700, eta_min: 1 } },
  { cls: "StepLR", kwargs: { step_size: 300 } },
  { cls: "StepLR", kwargs: { step_size: 300, gamma: 1.5 } },
  { cls: "MultiStepLR", kwargs: { milestones: [0, 0, 40], gamma: 0.5 } },
  { cls: "MultiStepLR", kwargs: { milestones: [], gamma: 0.5 } },
  { cls: "ConstantLR", kwargs: { factor: 0.25, total_iters: 100 } },
  { cls: "ConstantLR", kwargs: { total_iters: 0 } },
  { cls: "MultiStepLR", kwargs: { milestones: [90, 300, 300, 700] } },
  { cls: "LinearLR", kwargs: { start_factor: 0.25, total_iters: 400 } },
  { cls: "LinearLR", kwargs: { total_iters: 0 } },
  { cls: "PolynomialLR", kwargs: { total_iters: 600, power: 2 } },
  { cls: "ExponentialLR", kwargs: { gamma: 0.99 } },
  {
    cls: "SequentialLR",
    kwargs: {
      schedulers: [
        { cls: "LinearLR", kwargs: { start_factor: 0.01, total_iters: 50 } },
        { cls: "CosineAnnealingLR", kwargs: { T_max: 500, eta_min: 0.001 } },
        { cls: "ExponentialLR", kwargs: { gamma: 0.99 } },
      ],
      milestones: [50, 550],
    },
  },
  {
    cls: "SequentialLR",
    kwargs: {
      schedulers: [
        { cls: "ConstantLR", kwargs: { factor: 0.1, total_iters: 20 } },
        { cls: "MultiStepLR", kwargs: { milestones: [100, 300] } },
      ],
      milestones: [20],
    },
  },
  {
    cls: "ChainedScheduler",
    kwargs: {
      schedulers: [
        { cls: "ConstantLR", kwargs: { factor: 0.1, total_iters: 20 } },
        { cls: "ExponentialLR", kwargs: { gamma: 0.999 } },
        { cls: "StepLR", kwargs: { step_size: 200, gamma: 0.5 } },
      ],
    },
  },
  {
    cls: "ChainedScheduler",
    kwargs: {
      schedulers: [
        { cls: "LinearLR", kwargs: { start_factor: 0.1, total_iters: 80 } },
        { cls: "CosineAnnealingLR", kwargs: { T_max: 2000 } },
      ],
    },
  },
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
      new URL("_check_pytorch.py", import.meta.url),
      PYTORCH.map((item) => ({ ...item, steps: 123, probe: 1000 })),
    );
    rows.forEach(({ state, group, rates, momenta }, i) => {
      const { cls, kwargs } = PYTORCH[i];
      const name = `${cls} ${JSON.stringify(kwargs)}`;
      const { schedule, iteration } = fromPyTorch(state, { paramGroup: group });
      assertEquals(iteration, 123);
      // PyTorch's own formulas accumulate or cancel some digits, most of all that
      // of a cosine at the end of its way.
      const digits = cls === "CosineAnnealingLR" ? 1e-11 : 1e-13;
      const tolerance = digits * Math.max(...rates);
      rates.forEach((rate, t) =>
        assertAlmostEquals(schedule(t), rate, tolerance, `${name} at ${t}`)
      );
      const momentum = momentumOf(schedule);
      const cycles = cls === "CyclicLR" || cls === "OneCycleLR";
      assertEquals(momentum !== undefined, cycles, name);
      if (momentum) {
        momenta.forEach((value, t) =>
          assertAlmostEquals(momentum(t)!, value, 1e-13, `${name} at ${t}`)
        );
      }
    });
  },
});

Deno.test("fromPyTorch() refuses a OneCycleLR that is not all there, or starts past its peak", () => {
  const group = { max_lr: 0.1, initial_lr: 0.01, min_lr: 1e-6 };
  const state = (end: number, shape: object) => ({
    total_steps: 10,
    last_epoch: 0,
    _schedule_phases: [{ end_step: end }, { end_step: 9 }],
    ...shape,
  });
  const read = (end: number, shape: object) =>
    fromPyTorch(state(end, shape), { paramGroup: group });
  const { schedule } = read(2, { _anneal_func_type: "linear" });
  assertAlmostEquals(schedule(1), 0.055, 1e-15);
  // JSON leaves a function out.
  assertThrows(
    () => read(2, {}),
    TypeError,
    'must name its shape, "linear" or "cos": current value is "missing"',
  );
  assertThrows(
    () => read(-0.5, { _anneal_func_type: "cos" }),
    RangeError,
    "must end at step 0 or later: current value is -0.5",
  );
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
    () => fromPyTorch({ swa_lrs: [1], base_lrs: [1], last_epoch: 0 }),
    TypeError,
    "must be of a known PyTorch scheduler: current value has swa_lrs",
  );
  assertThrows(
    () => fromPyTorch({ lr_lambdas: [null], base_lrs: [1], last_epoch: 0 }),
    TypeError,
    "its rate is code, which its state does not hold: write the function again",
  );
  assertThrows(
    () => fromPyTorch({ num_bad_epochs: 0, patience: 10, last_epoch: 0 }),
    TypeError,
    "use ReduceLROnPlateau of @clr/clr/training",
  );
  assertThrows(
    () => fromPyTorch({ _schedulers: [CYCLIC_STATE] }),
    TypeError,
    "each of its schedulers must multiply the rate by a factor",
  );
  for (const state of ["null", "3"]) {
    assertThrows(() => fromPyTorch(state), TypeError, "must be an object");
  }
  for (
    const damaged of [
      { _schedulers: [], last_epoch: 0 },
      { _schedulers: [null], last_epoch: 0 },
      { _schedulers: [CYCLIC_STATE], _milestones: [3], last_epoch: 0 },
      { _schedulers: [CYCLIC_STATE], _milestones: null, last_epoch: 0 },
    ]
  ) {
    assertThrows(() => fromPyTorch(damaged), TypeError, "Cannot import");
  }
});

Deno.test("fromPyTorch() says how to dump the rates of an optimizer whose rate is a tensor", () => {
  const state = { step_size: 3, gamma: 0.5, last_epoch: 0 };
  assertThrows(
    () => fromPyTorch({ ...state, base_lrs: ["tensor(0.1000)"] }),
    TypeError,
    "x.item()",
  );
  assertThrows(
    () => fromPyTorch({ ...state, base_lrs: [0.1, 0.2] }),
    TypeError,
    "current value is [0.1,0.2]",
  );
});

Deno.test("fromPyTorch() reads what Python's json writes and JSON has no name for", () => {
  // json.dumps(scheduler.state_dict()) of a ReduceLROnPlateau.
  assertThrows(
    () => fromPyTorch('{"num_bad_epochs": 0, "mode_worse": Infinity}'),
    TypeError,
    "use ReduceLROnPlateau of @clr/clr/training",
  );
  assertThrows(
    () => fromPyTorch('{"gamma": NaN, "base_lrs": [0.1], "last_epoch": 1}'),
    TypeError,
    'state.gamma must be a number: current value is "NaN"',
  );
  // Within text they are text.
  const { schedule } = fromPyTorch(
    '{"gamma": 0.5, "base_lrs": [1], "last_epoch": 1, "of": "a \\"NaN, -Infinity"}',
  );
  assertEquals(schedule(2), 0.25);
});
