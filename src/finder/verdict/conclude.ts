import { type CurveEvidence, MINIMUM_POINTS } from "../curves/bounds.ts";
import {
  type Finding,
  type FindingKind,
  type Remedy,
  type Verdict,
  verdictOf,
} from "../result/finding.ts";
import { TWO_DECADES } from "./_option_remedies.ts";
import { chooseCurve, valuesOf } from "../curves/choose_curve.ts";
import { finitePoints } from "../curves/curve.ts";
import type { RecordedRun, StopReason } from "../curves/recorded_run.ts";
import { remediesFor } from "./remedies.ts";
import type { RangeTestSettings } from "../options/settings.ts";

/** What a run allows one to conclude. */
export interface Conclusion {
  readonly baseLr?: number;
  readonly maxLr?: number;
  readonly thumb?: "maxLr";
  readonly verdict: Verdict;
  readonly finding: Finding;
  readonly remedies: readonly Remedy[];
  readonly evidence: CurveEvidence;
}

/** Whether a divergence after so many rates is one at once. */
function isAtOnce(
  tested: number,
  { iterations, maxBatches }: RangeTestSettings,
  rates: readonly number[],
): boolean {
  if (maxBatches === undefined) {
    return tested < Math.max(MINIMUM_POINTS, iterations / 4);
  }
  // A test that chooses its rates has no more of them than it tested.
  return rates[tested - 1] < TWO_DECADES * rates[0];
}

function findingKind(
  { tested, points }: Omit<Finding, "kind">,
  { stopReason, rates }: {
    readonly stopReason: StopReason;
    readonly rates: readonly number[];
  },
  { settings, evidence }: {
    readonly settings: RangeTestSettings;
    readonly evidence: CurveEvidence;
  },
): FindingKind {
  const aborted = stopReason === "aborted";
  if (points < tested && points < MINIMUM_POINTS) return "too-few-finite";
  if (evidence.hidden) return "bounds-hidden-by-noise";
  if (points < MINIMUM_POINTS || !evidence.base) {
    if (stopReason === "diverged" || stopReason === "non-finite") {
      if (tested === 0) return "first-loss-not-finite";
      return isAtOnce(tested, settings, rates)
        ? "diverged-before-improving"
        : "no-improvement-before-divergence";
    }
    if (aborted) return "stopped-before-improving";
    return points < MINIMUM_POINTS ? "too-few-rates" : "no-improvement";
  }
  const { max } = evidence;
  if (!max) return aborted ? "stopped-while-improving" : "still-improving";
  if (max.reason === "slows") return "levelled-off";
  return "both-bounds";
}

/** A maximum that is not known, by the rule of thumb: base = max / 3. */
const THUMB = 3;

/** The bounds that a finding leaves standing. */
function boundsOf(
  kind: FindingKind,
  { base, max }: CurveEvidence,
): Pick<Conclusion, "baseLr" | "maxLr" | "thumb"> {
  switch (kind) {
    case "both-bounds":
      return { baseLr: base!.learningRate, maxLr: max!.learningRate };
    case "levelled-off":
    case "still-improving":
      return {
        baseLr: base!.learningRate,
        maxLr: THUMB * base!.learningRate,
        thumb: "maxLr",
      };
    case "stopped-while-improving":
      return { baseLr: base!.learningRate };
    default:
      return {};
  }
}

/** Judges one run: its bounds where the curve supports them, and what to do. */
export function conclude(
  learningRates: readonly number[],
  run: RecordedRun,
  settings: RangeTestSettings,
): Conclusion {
  const evidence = chooseCurve(learningRates, run, settings);
  const about = { settings, evidence };
  const counts = {
    tested: run.losses.length,
    points: finitePoints(valuesOf(run, evidence.curve)).length,
  };
  const kind = findingKind(counts, {
    stopReason: run.stopReason,
    rates: learningRates,
  }, about);
  return {
    verdict: verdictOf(kind),
    finding: { kind, ...counts },
    remedies: remediesFor(kind, about),
    evidence,
    ...boundsOf(kind, evidence),
  };
}
