/** Schedules that PyTorch has a scheduler of its own for, with the same numbers. */

import type { DescriptionOf, ScheduleDescription } from "./description.ts";
import { oneCyclePhases } from "./one_cycle.ts";

/** A scheduler of `torch.optim.lr_scheduler`, and what it is made with. */
export interface NativeScheduler {
  /** Its class. */
  readonly name: string;
  /**
   * Its arguments by name, as Python. Of those that are rates, a list for the
   * groups of parameters, whose `ratio` to the optimizer's rate each keeps.
   */
  readonly args: Readonly<Record<string, string>>;
  /** The first rate, where the scheduler takes it from the optimizer. */
  readonly startLr?: number;
  /** Methods that it needs besides, as Python. */
  readonly methods?: string;
}

type Options<K extends ScheduleDescription["kind"]> = Required<
  DescriptionOf<K>
>;

type Complete = {
  [K in ScheduleDescription["kind"]]: Options<K>;
}[ScheduleDescription["kind"]];

/**
 * PyTorch's own scheduler for what `describe` gave, where its rates are the same
 * but for rounding; undefined where they are not, or it has none.
 */
export function nativeScheduler(
  description: ScheduleDescription,
): NativeScheduler | undefined {
  // A schedule's own description leaves out no default.
  const options = description as Complete;
  switch (options.kind) {
    case "cyclic":
      return cyclicLR(options);
    case "oneCycle":
      return oneCycleLR(options);
    case "cosineRestarts":
      return warmRestarts(options);
    case "step":
      return stepLR(options);
    case "exponential":
      return exponentialLR(options);
    default:
      return undefined;
  }
}

/** One value for each group of parameters. */
function ofGroups(rate: number): string {
  return `[${rate} * ratio for ratio in ratios]`;
}

/** PyTorch's CyclicLR fails with an overflow after so many cycles of triangular2. */
const HALVINGS = 1024;
const LONG_TRAINING = 1_000_000;

function cyclicLR(options: Options<"cyclic">): NativeScheduler | undefined {
  const { baseLr, maxLr, stepSize, stepSizeDown, mode, gamma } = options;
  const isPlain = options.waveform === "triangular" &&
    options.cycleFactor === 1 && options.cycles === undefined;
  // Not every version of PyTorch's cycles Adam's beta1.
  if (!isPlain || options.momentum) return undefined;
  const isShort = (stepSize + stepSizeDown) * HALVINGS < LONG_TRAINING;
  if (mode === "triangular2" && isShort) return undefined;
  return {
    name: "CyclicLR",
    args: {
      base_lr: ofGroups(baseLr),
      max_lr: ofGroups(maxLr),
      step_size_up: `${stepSize}`,
      step_size_down: `${stepSizeDown}`,
      mode: `"${mode}"`,
      gamma: `${gamma}`,
      cycle_momentum: "False",
    },
  };
}

const HOLD_THE_LAST = `    def get_lr(self):
        # Past its end OneCycleLR goes up again, and then fails.
        if self.last_epoch >= self.total_steps:
            return [group["min_lr"] for group in self.optimizer.param_groups]
        return super().get_lr()`;

function oneCycleLR(options: Options<"oneCycle">): NativeScheduler | undefined {
  const { maxLr, iterations, pctStart, divFactor, finalDivFactor, momentum } =
    options;
  // PyTorch divides by the length of a phase, which has none here.
  const phases = oneCyclePhases(options);
  const isWhole = phases.every(({ end }, i) =>
    end > Math.max(0, phases[i - 1]?.end ?? 0)
  );
  if (!isWhole) return undefined;
  return {
    name: "OneCycleLR",
    args: {
      max_lr: ofGroups(maxLr),
      total_steps: `${iterations}`,
      pct_start: `${pctStart}`,
      anneal_strategy: options.anneal === "cosine" ? '"cos"' : '"linear"',
      ...(momentum
        ? {
          base_momentum: `${momentum.base}`,
          max_momentum: `${momentum.max}`,
        }
        : { cycle_momentum: "False" }),
      div_factor: `${divFactor}`,
      final_div_factor: `${finalDivFactor}`,
      three_phase: options.threePhase ? "True" : "False",
    },
    methods: HOLD_THE_LAST,
  };
}

function warmRestarts(
  options: Options<"cosineRestarts">,
): NativeScheduler | undefined {
  const { maxLr, minLr, cycleSize, cycleFactor } = options;
  // Groups with rates of their own would share the lowest one.
  const isPlain = minLr === 0 && options.amplitudeFactor === 1 &&
    options.warmupIterations === 0 && options.cycles === undefined &&
    Number.isInteger(cycleSize) && Number.isInteger(cycleFactor);
  if (!isPlain) return undefined;
  return {
    name: "CosineAnnealingWarmRestarts",
    args: { T_0: `${cycleSize}`, T_mult: `${cycleFactor}` },
    startLr: maxLr,
  };
}

function stepLR(options: Options<"step">): NativeScheduler | undefined {
  const { startLr, stepSize, factor } = options;
  if (!Number.isInteger(stepSize)) return undefined;
  return {
    name: "StepLR",
    args: { step_size: `${stepSize}`, gamma: `${factor}` },
    startLr,
  };
}

function exponentialLR(
  options: Options<"exponential">,
): NativeScheduler | undefined {
  const { startLr, factor, iterations, endLr, staircase } = options;
  // What has grown beyond all numbers does not become 0 · inf there.
  if (endLr !== undefined || factor > 1) return undefined;
  if (iterations === 1) {
    return {
      name: "ExponentialLR",
      args: { gamma: `${factor}` },
      startLr,
    };
  }
  return staircase
    ? stepLR({ kind: "step", startLr, stepSize: iterations, factor })
    : undefined;
}

/** The class `Scheduler` of an exported module, on PyTorch's own. */
export function nativeSource(scheduler: NativeScheduler): string {
  const { name, args, startLr, methods } = scheduler;
  const lines = Object.entries(args)
    .map(([argument, value]) => `            ${argument}=${value},`);
  const start = startLr === undefined ? "" : `
        for group, ratio in zip(optimizer.param_groups, ratios):
            group["lr"] = group["initial_lr"] = ${startLr} * ratio`;
  return `class Scheduler(${name}):
    """Call step() after every batch."""

    def __init__(self, optimizer):
        # A group with a rate of its own keeps its ratio to the optimizer's.
        usual = optimizer.defaults["lr"] or 1.0
        ratios = [
            group.setdefault("lr_ratio", group["lr"] / usual)
            for group in optimizer.param_groups
        ]${start}
        super().__init__(
            optimizer,
${lines.join("\n")}
        )${methods === undefined ? "" : `\n\n${methods}`}`;
}
