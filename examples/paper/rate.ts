import {
  constant,
  cyclic,
  type CyclicMode,
  exponential,
  linear,
  type Schedule,
} from "@clr/clr/schedules";

/** A learning rate that falls to a part of itself at an iteration, on top of its policy. */
export interface RateDrop {
  /** The first iteration at the lower rate. */
  readonly at: number;
  /** What the rate is multiplied by from there on. */
  readonly factor: number;
}

/** A learning-rate policy of the paper as data. */
export type Rate =
  & { readonly drops?: readonly RateDrop[] }
  & (
    | { readonly policy: "fixed"; readonly lr: number }
    | {
      readonly policy: "cyclic";
      readonly mode: CyclicMode;
      readonly baseLr: number;
      readonly maxLr: number;
      readonly stepSize: number;
      readonly gamma?: number;
    }
    /** From `maxLr` down to `baseLr` in `stepSize` iterations, and there it stays. */
    | {
      readonly policy: "decay";
      readonly baseLr: number;
      readonly maxLr: number;
      readonly stepSize: number;
    }
    /** Caffe's `exp`: `baseLr · gamma^iteration`. */
    | {
      readonly policy: "exp";
      readonly baseLr: number;
      readonly gamma: number;
    }
    /** Policies one after another, each from its own iteration 0. */
    | {
      readonly policy: "stages";
      readonly stages: readonly {
        readonly until: number;
        readonly rate: Rate;
      }[];
    }
  );

/**
 * The schedule of `rate` with every length multiplied by `scale`, so that a
 * training of `scale` times the iterations sees the same curve.
 */
export function scheduleOf(rate: Rate, scale = 1): Schedule {
  const schedule = policyOf(rate, scale);
  const drops = rate.drops?.map(({ at, factor }) => ({
    at: Math.round(at * scale),
    factor,
  }));
  if (!drops) return schedule;
  return (iteration) =>
    drops.reduce(
      (lr, { at, factor }) => iteration >= at ? lr * factor : lr,
      schedule(iteration),
    );
}

function policyOf(rate: Rate, scale: number): Schedule {
  switch (rate.policy) {
    case "fixed":
      return constant(rate.lr);
    case "cyclic":
      return cyclic({
        baseLr: rate.baseLr,
        maxLr: rate.maxLr,
        stepSize: rate.stepSize * scale,
        mode: rate.mode,
        // The amplitude is to have fallen as far at the same part of the way.
        ...(rate.gamma !== undefined && { gamma: rate.gamma ** (1 / scale) }),
      });
    case "decay":
      return linear({
        startLr: rate.maxLr,
        endLr: rate.baseLr,
        iterations: rate.stepSize * scale,
      });
    case "exp":
      return exponential({
        startLr: rate.baseLr,
        factor: rate.gamma ** (1 / scale),
      });
    case "stages": {
      let from = 0;
      const stages = rate.stages.map(({ until, rate }) => {
        const stage = { from, schedule: scheduleOf(rate, scale) };
        from = Math.round(until * scale);
        return stage;
      }).reverse();
      return (iteration) => {
        const { from, schedule } = stages.find(({ from }) =>
          iteration >= from
        )!;
        return schedule(iteration - from);
      };
    }
  }
}

const digits = (value: number) => Number(value.toPrecision(3)).toString();

/** The policy in a few words, such as "triangular2, 0.001–0.006, step 2000". */
export function describeRate(rate: Rate, scale = 1): string {
  const length = (iterations: number) => String(Math.round(iterations * scale));
  const factors = new Set(rate.drops?.map(({ factor }) => factor));
  const drops = [...factors].map((factor) => {
    const at = rate.drops!.filter((drop) => drop.factor === factor)
      .map(({ at }) => length(at));
    return `, ×${factor} at ${at.join(", ")}`;
  }).join("");
  return describePolicy(rate, length) + drops;
}

function describePolicy(
  rate: Rate,
  length: (iterations: number) => string,
): string {
  switch (rate.policy) {
    case "fixed":
      return `fixed, ${digits(rate.lr)}`;
    case "cyclic":
      return `${rate.mode}, ${digits(rate.baseLr)}–${
        digits(rate.maxLr)
      }, step ${length(rate.stepSize)}`;
    case "decay":
      return `decay, ${digits(rate.maxLr)}–${digits(rate.baseLr)} in ${
        length(rate.stepSize)
      }`;
    case "exp":
      return `exp, ${digits(rate.baseLr)} · ${rate.gamma}^t`;
    case "stages":
      return rate.stages.map(({ until, rate }) =>
        `${describePolicy(rate, length)} to ${length(until)}`
      ).join("; ");
  }
}
