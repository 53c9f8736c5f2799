import { type CurveEvidence, findBounds } from "./bounds.ts";
import type { MeasuredCurve } from "./curve.ts";
import {
  directedMetric,
  type Metric,
  metricDirection,
} from "../metrics/direction.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** Throws unless `metric`, where there is one, is the loss or recorded. */
export function checkMetric(
  metric: Metric | undefined,
  metrics: { readonly [name: string]: unknown },
): void {
  if (metric === undefined) return;
  const { name } = directedMetric(metric);
  if (name === "loss" || Object.hasOwn(metrics, name)) return;
  throw new RangeError(
    `Cannot read the bounds as metric must be one of ${
      ["loss", ...Object.keys(metrics)].join(", ")
    }: current value is "${name}"`,
  );
}

/** The values of the curve of that name; none where it was not recorded. */
export function valuesOf(
  run: Pick<RecordedRun, "losses" | "metrics">,
  name: string,
): readonly number[] {
  return name === "loss" ? run.losses : run.metrics[name] ?? [];
}

/**
 * Reads the curve that the caller named, or else accuracy, as in the paper, or
 * what else is known to be better when higher, unless the loss shows the start
 * of the improvement more clearly. The accuracy of single batches is a multiple
 * of 1 / batch size and as noisy at the foot as anywhere, whereas the loss is
 * quiet there.
 */
export function chooseCurve(
  learningRates: readonly number[],
  run: RecordedRun,
  metric: Metric | undefined,
): CurveEvidence {
  const read = (metric: Metric) => {
    const { name, better } = directedMetric(metric);
    const curve: MeasuredCurve = { name, better, values: valuesOf(run, name) };
    return findBounds(learningRates, curve);
  };
  if (metric !== undefined) {
    // A run that recorded nothing has no metrics.
    if (run.losses.length === 0) return read("loss");
    checkMetric(metric, run.metrics);
    return read(metric);
  }
  return Object.keys(run.metrics)
    .filter((name) => metricDirection(name) === "higher")
    .filter((name) => run.metrics[name].every(Number.isFinite))
    .map(read)
    .reduce(
      (chosen, curve) =>
        curve.baseClarity >= chosen.baseClarity && curve.max ? curve : chosen,
      read("loss"),
    );
}
