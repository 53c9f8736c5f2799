import { show } from "../../runtime/check_data.ts";
import { metricDirection } from "../../metrics/direction.ts";
import type { LearningRateScheduler } from "./learning_rate_scheduler.ts";

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /**
   * The quantity that an epoch logs and that is waited for.
   *
   * @default {"val_loss"}
   */
  monitor?: string;
  /**
   * Whether `monitor` is better when lower (`"min"`) or higher (`"max"`).
   *
   * @default {what the name of `monitor` tells}
   */
  mode?: "min" | "max";
  /**
   * What the rate is multiplied by, in (0, 1).
   *
   * @default {0.1}
   */
  factor?: number;
  /**
   * Epochs without improvement that are let pass: the rate is reduced after one
   * more. (Keras reduces after as many as this.)
   *
   * @default {10}
   */
  patience?: number;
  /**
   * By how much a value must be better than the best so far to be an
   * improvement: a share of the best, or with `thresholdMode: "absolute"` in
   * the units of `monitor`.
   *
   * @default {1e-4}
   */
  threshold?: number;
  /** What `threshold` is measured in. @default {"relative"} */
  thresholdMode?: "relative" | "absolute";
  /** Epochs after a reduction in which none is counted. @default {0} */
  cooldown?: number;
  /** The rate is not reduced below this. @default {0} */
  minLr?: number;
  /** A reduction by no more than this is left out. @default {1e-8} */
  epsilon?: number;
  /**
   * The scheduler that drives the optimizer: its `scale` is reduced in place of
   * the optimizer's rate, and its whole schedule with it. `minLr` and `epsilon`
   * are then those of the scale, whose start is 1.
   *
   * @default {undefined}
   */
  scheduler?: LearningRateScheduler;
}

/** The options of a `ReduceLROnPlateau`, with every default. */
export type ResolvedReduceLROnPlateauOptions = Required<
  Omit<ReduceLROnPlateauOptions, "scheduler">
>;

/** The names of all options. */
export const NAMES = Object.keys(
  {
    monitor: 0,
    mode: 0,
    factor: 0,
    patience: 0,
    threshold: 0,
    thresholdMode: 0,
    cooldown: 0,
    minLr: 0,
    epsilon: 0,
    scheduler: 0,
  } satisfies Record<keyof ReduceLROnPlateauOptions, 0>,
);

/** What fails where an option is wrong. */
export const ACTION = "reduce the learning rate on a plateau";

function check(
  { name, value, must }: {
    readonly name: string;
    readonly value: unknown;
    readonly must: string;
  },
  ok: boolean,
): void {
  if (ok) return;
  throw new RangeError(
    `Cannot ${ACTION} as ${name} must be ${must}: current value is ${
      show(value)
    }`,
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFiniteFrom0(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** The options with every default, checked. */
export function resolve(
  options: ReduceLROnPlateauOptions,
): ResolvedReduceLROnPlateauOptions {
  const {
    monitor = "val_loss",
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    thresholdMode = "relative",
    cooldown = 0,
    minLr = 0,
    epsilon = 1e-8,
  } = options;
  check(
    { name: "monitor", value: monitor, must: "a name" },
    typeof monitor === "string",
  );
  const known = { lower: "min", higher: "max" } as const;
  const direction = metricDirection(monitor);
  const mode = options.mode ?? (direction && known[direction]);
  check(
    {
      name: "mode",
      value: mode,
      must: options.mode === undefined
        ? `"min" or "max" for "${monitor}", whose name does not tell where it is better`
        : `"min" or "max", or left out where the name of monitor tells`,
    },
    mode === "min" || mode === "max",
  );
  check(
    { name: "factor", value: factor, must: "> 0 and < 1" },
    isFiniteFrom0(factor) && factor > 0 && factor < 1,
  );
  check(
    { name: "patience", value: patience, must: "a whole number >= 0" },
    isCount(patience),
  );
  check(
    { name: "threshold", value: threshold, must: "finite and >= 0" },
    isFiniteFrom0(threshold),
  );
  check(
    {
      name: "thresholdMode",
      value: thresholdMode,
      must: `"relative" or "absolute"`,
    },
    thresholdMode === "relative" || thresholdMode === "absolute",
  );
  check(
    { name: "cooldown", value: cooldown, must: "a whole number >= 0" },
    isCount(cooldown),
  );
  check(
    { name: "minLr", value: minLr, must: "finite and >= 0" },
    isFiniteFrom0(minLr),
  );
  check(
    { name: "epsilon", value: epsilon, must: "finite and >= 0" },
    isFiniteFrom0(epsilon),
  );
  return {
    monitor,
    mode: mode!,
    factor,
    patience,
    threshold,
    thresholdMode,
    cooldown,
    minLr,
    epsilon,
  };
}
