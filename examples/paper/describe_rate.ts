import { type FoundRate, gammaAt, type Rate, type RateBounds } from "./rate.ts";

function digits(value: number, count = 3): string {
  return Number(value.toPrecision(count)).toString();
}

/** The policy in a few words, such as "triangular2, 0.001–0.006, step 2000". */
export function describeRate(rate: Rate | FoundRate, scale = 1): string {
  const length = (iterations: number) => String(Math.round(iterations * scale));
  const factors = new Set(rate.drops?.map(({ factor }) => factor));
  const drops = [...factors].map((factor) => {
    const at = rate.drops!.filter((drop) => drop.factor === factor)
      .map(({ at }) => length(at));
    return `, ×${factor} at ${at.join(", ")}`;
  }).join("");
  return describePolicy(rate, scale, length) + drops;
}

/** The bounds of a row's range tests, by seed; "" where it has none. */
export function describeFoundBounds(
  runs: readonly { readonly seed: number; readonly foundBounds?: RateBounds }[],
): string {
  return runs.flatMap(({ seed, foundBounds }) =>
    foundBounds ? [`${boundsText(foundBounds)} (seed ${seed})`] : []
  ).join(", ");
}

function boundsText({ baseLr, maxLr }: RateBounds): string {
  return `${digits(baseLr)}–${digits(maxLr)}`;
}

function describePolicy(
  rate: Rate | FoundRate,
  scale: number,
  length: (iterations: number) => string,
): string {
  const decay = (gamma: number) => `· ${digits(gammaAt(gamma, scale), 6)}^t`;
  switch (rate.policy) {
    case "fixed":
      return `fixed, ${digits(rate.lr)}`;
    case "triangular":
    case "triangular2":
      return `${rate.policy}${rate.waveform ? ` (${rate.waveform})` : ""}, ${
        boundsText(rate)
      }, step ${length(rate.stepSize)}`;
    case "exp_range":
      return `exp_range, ${boundsText(rate)} ${decay(rate.gamma)}, step ${
        length(rate.stepSize)
      }`;
    case "decay":
      return `decay, ${digits(rate.maxLr)}–${digits(rate.baseLr)} in ${
        length(rate.stepSize)
      }`;
    case "exp":
      return `exp, ${digits(rate.baseLr)} ${decay(rate.gamma)}`;
    case "one_cycle":
      return `one cycle, ${
        rate.baseLr === undefined ? "" : `${digits(rate.baseLr)} `
      }to ${digits(rate.maxLr)} in ${length(rate.iterations)}`;
    case "cosine":
      return `cosine, from ${digits(rate.maxLr)} in ${length(rate.iterations)}${
        rate.warmup === 0 ? "" : `, warm-up ${length(rate.warmup)}`
      }`;
    case "range_test":
      return `range test, ${boundsText(rate)} in ${length(rate.iterations)}`;
    case "plateau":
      return `reduced on plateaus, from ${digits(rate.lr)} by ×${rate.factor}`;
    case "found":
      return rate.stages.map(({ until, factor, stepSize }) =>
        `triangular2, ${factor === 1 ? "" : `${factor} × `}found bounds, step ${
          length(stepSize)
        } to ${length(until)}`
      ).join("; ");
    case "stages":
      return rate.stages.map(({ until, rate }) =>
        `${describePolicy(rate, scale, length)} to ${length(until)}`
      ).join("; ");
  }
}
