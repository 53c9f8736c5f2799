/** Numbers and names as people write them in titles and labels. */

/** `12,345`. */
export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `12,345 iterations`, `1 epoch`. */
export function counted(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? "" : "s"}`;
}

/**
 * `76.1 %` of a fraction. One that float32 holds is first rounded to what it
 * stands for: 0.9665 is 96.7 % there as well.
 */
export function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(6)).toFixed(1)} %`;
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

/** Whether the metric is a fraction of right answers. */
export function isAccuracy(metric: string): boolean {
  return /(^|_)(acc|accuracy|categoricalAccuracy|binaryAccuracy|sparseCategoricalAccuracy)$/
    .test(metric);
}

/** A metric's value as a title has it. */
export function shown(metric: string, value: number): string {
  return isAccuracy(metric) ? percent(value) : measure(value);
}

/** `value`, starting with a capital letter. */
export function capitalized(value: string): string {
  return value[0].toUpperCase() + value.slice(1);
}
