import { checkKind } from "../../runtime/check_given.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { type CheckpointSubject, SUBJECT_NAMES } from "./checkpoint_content.ts";
import { CycleSnapshots } from "../weights/cycle_snapshots.ts";
import { ExponentialMovingAverage } from "../weights/exponential_moving_average.ts";
import { LearningRateScheduler } from "../schedulers/learning_rate_scheduler.ts";

const KINDS = [
  ["scheduler", LearningRateScheduler],
  ["averages", ExponentialMovingAverage],
  ["snapshots", CycleSnapshots],
] as const;

/**
 * Throws unless each part of what is saved or restored is of its kind; the model
 * is checked with its optimizer.
 */
export function checkSubject(
  action: string,
  subject: Partial<CheckpointSubject>,
): void {
  checkNames(action, subject, SUBJECT_NAMES);
  for (const [name, Kind] of KINDS) {
    const value = subject[name];
    checkKind(
      action,
      { name, value, must: `a ${Kind.name}`.replace("a E", "an E") },
      value === undefined || value instanceof Kind,
    );
  }
}
