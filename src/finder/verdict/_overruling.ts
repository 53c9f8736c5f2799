import type { CurveEvidence } from "../curves/bounds.ts";
import type { Finding } from "../result/finding.ts";

/** What the curve alone says. */
export interface Concluded {
  readonly evidence: CurveEvidence;
  readonly finding: Finding;
  readonly baseLr?: number;
  readonly maxLr?: number;
}

/** A finding in place of the curve's. */
export interface Overruling extends Pick<Finding, "kind" | "detail"> {
  /** Whether training came near that of always predicting the same. */
  readonly isNear?: boolean;
  /** Whether weights never changed. */
  readonly isStuck?: boolean;
  /** The lowest rate of short trainings, where all threw the loss far up first. */
  readonly thrownFrom?: number;
}
