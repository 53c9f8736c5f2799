import { type CurveEvidence, findBounds } from "./bounds.ts";
import type { MeasuredCurve } from "./curve.ts";
import {
  type DirectedMetric,
  directedMetric,
  type Metric,
} from "../../metrics/direction.ts";
import type { RecordedRun } from "./recorded_run.ts";
import type { RangeTestSettings } from "../options/settings.ts";

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

/** The curve of that name, as bounds are read from it. */
export function curveOf(
  run: RecordedRun,
  metric: DirectedMetric,
): MeasuredCurve {
  const { references, stopReason } = run;
  const isLoss = metric.name === "loss";
  const hasDiverged = stopReason === "diverged" || stopReason === "non-finite";
  return {
    ...metric,
    values: valuesOf(run, metric.name),
    ...(isLoss && references ? { references } : {}),
    ...(isLoss ? { blewUp: hasDiverged } : { isCut: hasDiverged }),
  };
}

/**
 * Reads the curve that the caller named, or else the loss. It is finer than
 * accuracy, which is a multiple of 1 / batch size, quiet before it improves, and
 * the same batches' losses at the first weights are known beside it.
 */
export function chooseCurve(
  learningRates: readonly number[],
  run: RecordedRun,
  settings: Pick<RangeTestSettings, "metric" | "batchesPerRate">,
): CurveEvidence {
  const { metric = "loss", batchesPerRate } = settings;
  // A run that recorded nothing has no metrics.
  if (run.losses.length > 0) checkMetric(metric, run.metrics);
  const read = run.losses.length > 0 ? metric : "loss";
  return findBounds(learningRates, curveOf(run, directedMetric(read)), {
    batchesPerRate,
  });
}
