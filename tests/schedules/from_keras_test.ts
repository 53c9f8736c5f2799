import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fromKeras } from "@clr/clr/schedules";

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
      "PolynomialDecay",
      { initial_learning_rate, decay_steps: 30, power: 2, cycle: true },
      (t) => {
        const end = 30 * (t === 0 ? 1 : Math.ceil(t / 30));
        return (0.1 - 0.0001) * (1 - t / end) ** 2 + 0.0001;
      },
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
        class_name: "CyclicLR",
        config: { scale_fn: "<lambda>" },
      }),
    TypeError,
    "must have no scale_fn, which is code",
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
  for (const class_name of ["constructor", "toString", "__proto__"]) {
    assertThrows(
      () => fromKeras({ class_name, config }),
      TypeError,
      class_name,
    );
  }
});
