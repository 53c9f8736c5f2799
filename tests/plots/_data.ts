/** Results to draw: small, exact and known in advance. */

import { CyclicLR, LearningRateRange } from "@clr/clr";
import type { RunHistory } from "@clr/clr/plots";

/** A range test that falls from about 1e-3 on and blows up at 0.02. */
export function exampleRange(points = 60): LearningRateRange {
  const learningRates = Array.from(
    { length: points },
    (_, i) => 1e-5 * 1e5 ** (i / (points - 1)),
  );
  const losses = learningRates.map((rate) =>
    2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + Math.min(50, (rate / 0.02) ** 4)
  );
  return LearningRateRange.fromCurve(learningRates, losses, {
    stopReason: "diverged",
    metrics: { acc: losses.map((loss) => Math.max(0.1, (2.4 - loss) / 2)) },
    metric: "loss",
  });
}

/** A run of `iterations` batches, ten epochs and five triangular cycles. */
export function exampleRun(iterations = 200): RunHistory {
  const clr = new CyclicLR({ stepSize: iterations / 10 });
  const steps = Array.from({ length: iterations }, (_, i) => i);
  const wobble = (i: number) => 0.1 * Math.sin(i * 12.9898);
  const ends = Array.from({ length: 10 }, (_, i) => (i + 1) * iterations / 10);
  const loss = (i: number) => 0.5 + 1.8 * Math.exp(-3 * i / iterations);
  return {
    history: {
      iterations: steps.map((i) => i + 1),
      lr: steps.map((i) => clr.at(i)),
      loss: steps.map((i) => loss(i) + wobble(i)),
      acc: steps.map((i) => 1 - loss(i) / 2.5 + wobble(i) / 2),
    },
    epochHistory: {
      iterations: ends,
      val_loss: ends.map((i) => loss(i) + 0.1),
      val_acc: ends.map((i) => 0.95 - loss(i) / 2.5),
    },
  };
}

/** A history of `length` iterations, numbered from 1. */
export function lossHistory(length: number, loss: (i: number) => number) {
  const iterations = Array.from({ length }, (_, i) => i + 1);
  return {
    iterations,
    lr: iterations.map(() => 0.1),
    loss: iterations.map((_, i) => loss(i)),
  };
}
