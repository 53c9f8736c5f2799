import type { MaxAttrs, SumAttrs } from "@tensorflow/tfjs";

/** What a reduction is asked for: of them all, `Max` alone has other words. */
export type ReductionAttrs = SumAttrs & Partial<MaxAttrs>;

/** The axes to reduce, or undefined for all. */
export function axisOf(attrs: ReductionAttrs): number | number[] {
  return attrs.axis ?? attrs.reductionIndices!;
}
