import type { NotebookView } from "../runtime/notebook.ts";
import type { RangeTestResult } from "./result/range_data.ts";

/** The terminal's chart as text, and the curve where there is one to draw. */
export async function rangeView(range: RangeTestResult): Promise<NotebookView> {
  const text = `${range}`;
  if (range.learningRates.length < 2) return { text };
  // Only the specification, which draws nothing; and only in a notebook.
  const { rangeSpec } = await import("../plots/specs/mod.ts");
  return { text, chart: rangeSpec(range) };
}
