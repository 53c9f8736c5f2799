/** A schedule of every kind, for the properties that all must have. */

import * as schedules from "@clr/clr/schedules";

const momentum = { base: 0.8, max: 0.95 };
const points = [
  { iteration: 0, lr: 0.1 },
  { iteration: 700, lr: 0.5 },
  { iteration: 1500, lr: 0.02 },
];

const cosine = schedules.cosine({
  startLr: 0.3,
  endLr: 0.01,
  iterations: 1900,
});

/** By name; those that end do so before iteration 4,000. */
export const EXAMPLES: Record<string, schedules.Schedule> = {
  constant: schedules.constant(0.01),
  linear: schedules.linear({ startLr: 0.1, endLr: 0.7, iterations: 333 }),
  cosine,
  polynomial: schedules.polynomial({
    startLr: 0.1,
    endLr: 0.001,
    iterations: 1234,
    power: 2.5,
  }),
  "polynomial, again and again": schedules.polynomial({
    startLr: 0.1,
    endLr: 0.001,
    iterations: 300,
    power: 2,
    cycle: true,
  }),
  step: schedules.step({ startLr: 0.1, factor: 0.7, stepSize: 150 }),
  exponential: schedules.exponential({
    startLr: 0.1,
    factor: 0.5,
    iterations: 300,
    endLr: 0.01,
  }),
  "exponential, in steps": schedules.exponential({
    startLr: 0.001,
    factor: 1.5,
    iterations: 70,
    staircase: true,
    endLr: 0.5,
  }),
  inverseTime: schedules.inverseTime({
    startLr: 0.1,
    decayRate: 0.3,
    iterations: 40,
    power: 0.75,
  }),
  "inverseTime, in steps": schedules.inverseTime({
    startLr: 0.1,
    decayRate: 0.3,
    iterations: 40,
    staircase: true,
  }),
  "cyclic triangular": schedules.cyclic({ stepSize: 137 }),
  "cyclic triangular2, asymmetric": schedules.cyclic({
    baseLr: 0,
    stepSize: 150,
    stepSizeDown: 467,
    mode: "triangular2",
    momentum,
  }),
  "cyclic exp_range": schedules.cyclic({
    stepSize: 350,
    stepSizeDown: 40,
    mode: "exp_range",
    gamma: 0.9994,
  }),
  "cyclic welch": schedules.cyclic({ stepSize: 90, waveform: "welch" }),
  "cyclic hann, asymmetric": schedules.cyclic({
    stepSize: 33.25,
    stepSizeDown: 200.5,
    waveform: "hann",
    momentum,
  }),
  "oneCycle cosine": schedules.oneCycle({
    maxLr: 0.1,
    iterations: 3000,
    momentum,
  }),
  "oneCycle linear": schedules.oneCycle({
    maxLr: 0.1,
    iterations: 1777,
    pctStart: 0.41,
    anneal: "linear",
    momentum,
  }),
  "oneCycle of three phases": schedules.oneCycle({
    maxLr: 0.1,
    iterations: 3000,
    threePhase: true,
    momentum,
  }),
  cosineRestarts: schedules.cosineRestarts({
    maxLr: 0.1,
    minLr: 0.001,
    cycleSize: 77,
  }),
  "cosineRestarts, longer and lower": schedules.cosineRestarts({
    maxLr: 0.1,
    cycleSize: 50,
    cycleFactor: 2,
    amplitudeFactor: 0.8,
    cycles: 6,
  }),
  "cosineRestarts, more and more often, with warm-ups": schedules
    .cosineRestarts({
      maxLr: 0.1,
      minLr: 0.001,
      cycleSize: 900,
      cycleFactor: 0.7,
      amplitudeFactor: 0.9,
      warmupIterations: 25.5,
      cycles: 7,
    }),
  "cosineRestarts with warm-ups": schedules.cosineRestarts({
    maxLr: 0.1,
    cycleSize: 100 / 3,
    warmupIterations: 7,
  }),
  "cyclic, longer and longer": schedules.cyclic({
    stepSize: 40,
    stepSizeDown: 75,
    cycleFactor: 1.3,
    mode: "triangular2",
    momentum,
  }),
  "cyclic, shorter and shorter": schedules.cyclic({
    stepSize: 300,
    cycleFactor: 0.75,
    cycles: 9,
    waveform: "hann",
    momentum,
  }),
  "cyclic, twice as long each time": schedules.cyclic({
    stepSize: 40,
    cycleFactor: 2,
    cycles: 4,
  }),
  "cyclic with an end": schedules.cyclic({ stepSize: 40, cycles: 4 }),
  flatCosine: schedules.flatCosine({ maxLr: 0.1, iterations: 1700 }),
  warmupStableDecay: schedules.warmupStableDecay({
    maxLr: 0.1,
    warmupIterations: 100,
    stableIterations: 900,
    decayIterations: 800,
    decay: "sqrt",
  }),
  piecewise: schedules.piecewise(points),
  "piecewise linear": schedules.piecewise(points, { interpolation: "linear" }),
  "piecewise cosine": schedules.piecewise(points, { interpolation: "cosine" }),
  sequence: schedules.sequence([
    {
      schedule: schedules.cyclic({ stepSize: 100, momentum }),
      iterations: 450,
    },
    { schedule: schedules.oneCycle({ maxLr: 0.2, iterations: 500, momentum }) },
    {
      schedule: schedules.step({ startLr: 0.1, stepSize: 40 }),
      iterations: 99,
    },
  ]),
  "sequence, nested": schedules.sequence([
    { schedule: schedules.linear({ startLr: 0, endLr: 0.1, iterations: 50 }) },
    {
      schedule: schedules.sequence([
        { schedule: schedules.constant(0.1), iterations: 30 },
        { schedule: schedules.cosineRestarts({ maxLr: 0.1, cycleSize: 40 }) },
      ]),
      iterations: 190,
    },
    { schedule: cosine },
  ]),
  "sequence with momentum": schedules.warmup(
    schedules.sequence([
      {
        schedule: schedules.cyclic({ stepSize: 100, momentum }),
        iterations: 450,
      },
      { schedule: schedules.oneCycle({ maxLr: 1, iterations: 500, momentum }) },
    ]),
    { iterations: 20 },
  ),
  warmup: schedules.warmup(cosine, { iterations: 100, startLr: 0.001 }),
  scale: schedules.scale(cosine, 0.3),
  "scale by a schedule": schedules.scale(
    schedules.cyclic({
      stepSize: 90,
      momentum: { base: 0.85, max: 0.95 },
    }),
    schedules.exponential({ startLr: 1, factor: 0.999 }),
  ),
  clamp: schedules.clamp(schedules.scale(cosine, 2), { min: 0.05, max: 0.4 }),
};
