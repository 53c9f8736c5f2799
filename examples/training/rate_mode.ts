import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { constant, cosineRestarts } from "@clr/clr/schedules";
import { OneCycleLR, ReduceLROnPlateau } from "@clr/clr/training";
import { formatRate } from "./progress.ts";

/** What `--mode` takes. */
export const RATE_MODES = [
  "triangular",
  "triangular2",
  "exp_range",
  "onecycle",
  "restarts",
  "plateau",
] as const;

/** A way of driving the learning rate, by its name. */
export type RateModeName = typeof RATE_MODES[number];

/** The numbers that a {@linkcode RateMode} is made with. */
export interface RateModeOptions {
  readonly mode: RateModeName;
  readonly baseLr: number;
  readonly maxLr: number;
  /** Iterations from base to peak; half of a cycle. */
  readonly stepSize: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
}

/** What drives the learning rate of a training program, and what is said of it. */
export interface RateMode {
  readonly scheduler: LearningRateScheduler;
  /** Lowers the schedule where the loss on the test images no longer falls. */
  readonly plateau?: ReduceLROnPlateau;
  /** Iterations from one trough to the next; absent where there are none. */
  readonly cycleLength?: number;
  /** What it was made with, as plain data. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Said of the rate in the plan. */
  readonly description: string;
  /** What the report says of the training: "with …". */
  readonly title: string;
}

/** What a reduction multiplies the rate by. */
const FACTOR = 0.1;

/** Makes what drives the rate in a mode. */
export function createRateMode(options: RateModeOptions): RateMode {
  const { mode, baseLr, maxLr, stepSize, epochs, batchesPerEpoch } = options;
  const [base, max] = [formatRate(baseLr), formatRate(maxLr)];
  const cycleLength = 2 * stepSize;
  switch (mode) {
    case "onecycle": {
      const iterations = Math.max(2, epochs * batchesPerEpoch);
      return {
        // It cycles the momentum as well, of an optimizer that has one.
        scheduler: new OneCycleLR({ maxLr, iterations }),
        cycleLength: iterations,
        options: { mode, maxLr, iterations },
        description: `one cycle up to ${max}, the momentum the other way`,
        title: "one cycle of the learning rate",
      };
    }
    case "restarts": {
      const restarts = { maxLr, minLr: baseLr, cycleSize: cycleLength };
      return {
        scheduler: new LearningRateScheduler(cosineRestarts(restarts)),
        cycleLength,
        options: { mode, ...restarts },
        description:
          `cosine from ${max} to ${base}, restarted every ${cycleLength} iterations`,
        title: "warm restarts",
      };
    }
    case "plateau": {
      const patience = Math.max(1, Math.round(stepSize / batchesPerEpoch));
      const scheduler = new LearningRateScheduler(constant(maxLr));
      return {
        scheduler,
        plateau: new ReduceLROnPlateau({
          monitor: "val_loss",
          factor: FACTOR,
          patience,
          scheduler,
        }),
        options: { mode, maxLr, factor: FACTOR, patience },
        description:
          `${max}, a tenth of it after more than ${patience} epochs in which the test loss has not improved`,
        title: "a learning rate that is reduced on plateaus",
      };
    }
    default: {
      const scheduler = new CyclicLR({ baseLr, maxLr, stepSize, mode });
      // Runs that began before cycles could grow have no such option.
      const { cycleFactor: _, ...options } = scheduler.options;
      return {
        scheduler,
        cycleLength,
        options,
        description:
          `${mode}, ${base} to ${max}, ${cycleLength} iterations a cycle`,
        title: "a cyclical learning rate",
      };
    }
  }
}
