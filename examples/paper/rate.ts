import {
  constant,
  cosine,
  cyclic,
  exponential,
  linear,
  oneCycle,
  scale as scaleRate,
  type Schedule,
  warmup,
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
      readonly policy: "triangular" | "triangular2";
      readonly baseLr: number;
      readonly maxLr: number;
      readonly stepSize: number;
      /** The window, where it is not a triangle. */
      readonly waveform?: "welch" | "hann";
    }
    /** As the paper's text has it: both bounds decline, by gamma^iteration. */
    | {
      readonly policy: "exp_range";
      readonly baseLr: number;
      readonly maxLr: number;
      readonly stepSize: number;
      readonly gamma: number;
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
    /**
     * One cycle for the whole training, the momentum the other way. With
     * `baseLr` and `stepSize` it is that of Smith 2018: straight lines from there
     * to `maxLr` and back, and down to next to nothing in what is left.
     */
    | {
      readonly policy: "one_cycle";
      readonly maxLr: number;
      readonly iterations: number;
      readonly baseLr?: number;
      readonly stepSize?: number;
      readonly momentum?: { readonly base: number; readonly max: number };
    }
    /** The paper's range test: a straight rise for the whole training. */
    | {
      readonly policy: "range_test";
      readonly baseLr: number;
      readonly maxLr: number;
      readonly iterations: number;
    }
    /** A straight rise to `maxLr` in `warmup` iterations, then half a cosine. */
    | {
      readonly policy: "cosine";
      readonly maxLr: number;
      readonly warmup: number;
      readonly iterations: number;
    }
    /**
     * `lr`, multiplied by `factor` after each tenth of the run whose training
     * loss is not better than the best before by the part `threshold` of it.
     */
    | {
      readonly policy: "plateau";
      readonly lr: number;
      readonly factor: number;
      readonly threshold: number;
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

/** Both bounds of a cycle. */
export interface RateBounds {
  readonly baseLr: number;
  readonly maxLr: number;
}

/**
 * triangular2 in stages, as in Table 2, between bounds that a range test from
 * the same weights reads, multiplied by each stage's factor.
 */
export interface FoundRate {
  readonly policy: "found";
  readonly drops?: undefined;
  readonly stages: readonly {
    readonly until: number;
    readonly factor: number;
    readonly stepSize: number;
  }[];
}

/** The policy that `rate` is between bounds that were found. */
export function boundRate(
  { stages }: FoundRate,
  { baseLr, maxLr }: RateBounds,
): Rate {
  return {
    policy: "stages",
    stages: stages.map(({ until, factor, stepSize }) => ({
      until,
      rate: {
        policy: "triangular2",
        baseLr: baseLr * factor,
        maxLr: maxLr * factor,
        stepSize,
      },
    })),
  };
}

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
    case "plateau":
      return constant(rate.lr);
    case "triangular":
    case "triangular2":
      return cyclic({
        baseLr: rate.baseLr,
        maxLr: rate.maxLr,
        stepSize: rate.stepSize * scale,
        mode: rate.policy,
        waveform: rate.waveform,
      });
    case "exp_range":
      return scaleRate(
        policyOf({ ...rate, policy: "triangular" }, scale),
        exponential({ startLr: 1, factor: gammaAt(rate.gamma, scale) }),
      );
    case "decay":
      return linear({
        startLr: rate.maxLr,
        endLr: rate.baseLr,
        iterations: rate.stepSize * scale,
      });
    case "exp":
      return exponential({
        startLr: rate.baseLr,
        factor: gammaAt(rate.gamma, scale),
      });
    case "one_cycle": {
      const { maxLr, baseLr, stepSize, iterations } = rate;
      return oneCycle({
        maxLr,
        iterations: Math.max(2, Math.round(iterations * scale)),
        momentum: rate.momentum ?? { base: 0.85, max: 0.95 },
        ...(baseLr !== undefined && stepSize !== undefined
          ? {
            divFactor: maxLr / baseLr,
            pctStart: stepSize / iterations,
            threePhase: true,
            anneal: "linear",
          }
          : {}),
      });
    }
    case "cosine": {
      const falling = cosine({
        startLr: rate.maxLr,
        iterations: (rate.iterations - rate.warmup) * scale,
      });
      return rate.warmup === 0
        ? falling
        : warmup(falling, { iterations: rate.warmup * scale });
    }
    case "range_test":
      return linear({
        startLr: rate.baseLr,
        endLr: rate.maxLr,
        iterations: rate.iterations * scale,
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

/** The factor that leads as far down in `scale` times the iterations. */
export function gammaAt(gamma: number, scale: number): number {
  return gamma ** (1 / scale);
}
