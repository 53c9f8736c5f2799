/** Data of schedules, to be damaged. */

/** Schedules as descriptions. */
export const DESCRIPTIONS = [
  { kind: "cyclic", baseLr: 0.1, maxLr: 1, stepSize: 5 },
  { kind: "scale", factor: 2, schedule: { kind: "constant", lr: 1 } },
  {
    kind: "sequence",
    stages: [
      {
        schedule: { kind: "linear", startLr: 0, endLr: 1, iterations: 5 },
        iterations: 5,
      },
      {
        schedule: {
          kind: "clamp",
          schedule: { kind: "constant", lr: 1 },
          min: 0,
          max: 2,
        },
      },
    ],
  },
  {
    kind: "warmup",
    iterations: 3,
    schedule: { kind: "cosine", startLr: 1, endLr: 0, iterations: 5 },
  },
  { kind: "piecewise", points: [{ iteration: 0, lr: 1 }] },
];

/** Schedules as Keras saves them. */
export const KERAS = [
  { class_name: "CyclicLR", config: { base_lr: 0.1, max_lr: 1, step_size: 5 } },
  {
    class_name: "PiecewiseConstantDecay",
    config: { boundaries: [5, 9], values: [1, 0.5, 0.1] },
  },
  {
    class_name: "CosineDecay",
    config: {
      initial_learning_rate: 0.1,
      decay_steps: 9,
      warmup_target: 1,
      warmup_steps: 3,
    },
  },
  {
    class_name: "ExponentialDecay",
    config: { initial_learning_rate: 0.1, decay_steps: 9, decay_rate: 0.5 },
  },
];

/** States of PyTorch's schedulers, some of them without what they need. */
export const PYTORCH = [
  { T_0: 10, T_mult: 2, eta_min: 0.001, base_lrs: [0.1], last_epoch: 10 },
  {
    total_size: 10,
    step_ratio: 0.5,
    base_lrs: [0.1],
    max_lrs: [1],
    mode: "triangular",
    gamma: 1,
    last_epoch: 3,
  },
  { milestones: { 3: 1, 5: 1 }, gamma: 0.1, base_lrs: [0.1], last_epoch: 0 },
  {
    total_steps: 10,
    _schedule_phases: [{ end_step: 3 }, { end_step: 9 }],
    anneal_func: "cos",
    last_epoch: 0,
  },
  {
    _milestones: [3],
    _schedulers: [{ step_size: 3, gamma: 0.1, base_lrs: [1], last_epoch: 0 }, {
      gamma: 0.1,
      base_lrs: [1],
      last_epoch: 0,
    }],
    last_epoch: 0,
  },
  { step_size: 3, gamma: 0.1, base_lrs: [1], last_epoch: 4 },
];
