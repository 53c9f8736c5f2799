import { metricDirection } from "../metrics/direction.ts";

/** Numbers as people write them in titles and labels. */

/** Three significant digits at most: `0.00213`, `1.5e-7`, `6e-3` never. */
export function rate(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(3));
  if (size >= 1e-4 && size < 1e4) return String(rounded);
  return rounded.toExponential().replace("e+", "e");
}

/** `12,345`. */
export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `76.1 %` of a fraction. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** A loss or metric: four significant digits at most. */
export function measure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "NaN";
}

/** A metric's name as people say it: `val_acc` is "validation accuracy". */
export function label(metric: string): string {
  return metric.replace(/^val_/, "validation ").replace(
    /\bacc$/,
    "accuracy",
  );
}

/** Whether the metric is known to be better when it is higher. */
export function isHigherBetter(metric: string): boolean {
  return metricDirection(metric) === "higher";
}

/** Whether the metric is a fraction of right answers. */
export function isAccuracy(metric: string): boolean {
  return /(^|_)(acc|accuracy|categoricalAccuracy|binaryAccuracy|sparseCategoricalAccuracy)$/
    .test(metric);
}
