import { show } from "../../runtime/check_data.ts";
import { isRecord } from "../../runtime/records.ts";

/** Both bounds of a schedule, as the learning-rate range test finds them. */
export interface LearningRateBounds {
  /** The rate at the start and end of each cycle; absent where none was found. */
  readonly baseLr?: number;
  /** The rate at the peak; absent where none was found. */
  readonly maxLr?: number;
  /** The batches of an epoch of the data, where the test saw how many. */
  readonly batchesPerEpoch?: number;
  /** Whether the bounds can be trusted, for the error where one is absent. */
  readonly verdict?: string;
  /** What to do where they cannot, for that error too. */
  readonly advice?: string;
}

/** Throws unless a range and options can be read, whatever is in them. */
export function checkRangeAndOptions(
  schedule: string,
  range: unknown,
  options: unknown,
): void {
  for (const [name, value] of Object.entries({ range, options })) {
    if (isRecord(value)) continue;
    throw new TypeError(
      `Cannot create ${schedule} schedule from a learning-rate range as ${name} must be an object: current value is ${
        show(value)
      }`,
    );
  }
}

/** The error of a range that lacks a bound which a schedule needs. */
export function missingBounds(
  schedule: string,
  range: LearningRateBounds,
  options: Pick<LearningRateBounds, "baseLr" | "maxLr">,
): RangeError {
  const { verdict, advice } = range;
  const why = [
    ...(verdict === undefined ? [] : [`The range's verdict is ${verdict}`]),
    ...(advice ? [advice] : []),
  ].join(": ");
  const { baseLr = range.baseLr, maxLr = range.maxLr } = options;
  return new RangeError(
    `Cannot create ${schedule} schedule from a learning-rate range as it must have the bounds that the schedule needs: current value is baseLr ${baseLr}, maxLr ${maxLr}${
      why && `. ${why}`
    }${
      baseLr === undefined && maxLr !== undefined
        ? "; by the rule of thumb, give a third or a fourth of maxLr as baseLr"
        : maxLr === undefined && baseLr !== undefined
        ? "; by the rule of thumb, give three or four times baseLr as maxLr"
        : ""
    }`,
  );
}
