import type { About } from "./_about.ts";
import type { Circumstances } from "../circumstances/circumstances.ts";
import type { Remedy } from "../result/finding.ts";

/** Whose fault it is that nothing improves. */
export function checkSupervision({ circumstances }: About): Remedy {
  return { kind: circumstances?.isLoop ? "check-loss" : "check-labels" };
}

/** What tells an improvement of a loop from noise. */
export function addEvaluation(about: About): readonly Remedy[] {
  const { circumstances, isReferenced, settings } = about;
  return circumstances?.isLoop && !isReferenced && !settings.validated &&
      about.evidence.curve === "loss"
    ? [{ kind: "add-evaluation" }]
    : [];
}

/** Of a loop nobody knows what loss is a low one. */
export function askWhetherTrained(
  { circumstances, divergedAt }: About,
): readonly Remedy[] {
  return circumstances?.isLoop && divergedAt !== undefined
    ? [{ kind: "check-trained", below: divergedAt }]
    : [];
}

/** Numbers within these are of a size that networks are made for. */
const USUAL_SIZES = [0.05, 20];

/** What to do about inputs and targets of an unusual size, if they are. */
export function scale({ circumstances }: About): readonly Remedy[] {
  const { inputSize = 1, targetSize = 1, outlier } = circumstances ?? {};
  const [least, greatest] = USUAL_SIZES;
  const isUnusual = (size: number) =>
    size > 0 && size < Infinity && (size < least || size > greatest);
  return [
    ...(isUnusual(inputSize)
      ? [{ kind: "scale-inputs", size: inputSize } as const]
      : []),
    ...(isUnusual(targetSize)
      ? [
        {
          kind: "scale-targets",
          size: targetSize,
          ...(outlier === undefined ? {} : { outlier }),
        } as const,
      ]
      : []),
  ];
}

/** What to do where batch normalization leaves nothing of an example. */
export function normalizeMore({ circumstances }: About): readonly Remedy[] {
  return circumstances?.isNormalizedAway ? [{ kind: "normalize-more" }] : [];
}

/**
 * Inputs beyond this, as incomes and placeholders such as -9999 are and pixels are
 * not, leave little room between bounds that hold.
 */
const HUGE = 300;

/** What to do about inputs that are so large, where bounds are good. */
export function scaleHuge(
  { inputSize = 1 }: Partial<Circumstances>,
): readonly Remedy[] {
  return inputSize > HUGE && inputSize < Infinity
    ? [{ kind: "scale-inputs", size: inputSize }]
    : [];
}

/** What to do about penalties that outweigh all that there is to learn. */
export function lowerPenalties({ circumstances }: About): readonly Remedy[] {
  const { penalty = 0, baseline } = circumstances ?? {};
  return baseline && penalty > baseline.loss - baseline.floor
    ? [{ kind: "lower-penalties", penalty, expected: baseline.loss }]
    : [];
}

/**
 * A first loss this many times that of always predicting the same, and the square
 * of the targets. Weights drawn as usual give outputs of about the inputs' size,
 * and with these and the targets of a usual size a loss within some tens of both.
 */
export const FAR_OFF = 1000;

/**
 * The same where no rate lowers it: outputs that are saturated have no gradient,
 * and logarithms are cut off, at 16 in tfjs.
 */
export const SATURATED = 3;

/** What to do about weights that are too large at first, if nothing else is. */
export function shrinkWeights(
  about: About,
  farOff = FAR_OFF,
): readonly Remedy[] {
  const { penalty = 0, baseline, targetSize = 1 } = about.circumstances ?? {};
  const { loss: expected } = baseline ?? { loss: Infinity };
  const loss = about.evidence.start - penalty;
  const isFarOff = loss > farOff * Math.max(expected, targetSize ** 2);
  const { settings: { validated }, evidence: { curve } } = about;
  // What validation data give first says less of the weights than of them.
  return curve === "loss" && !validated && isFarOff &&
      scale(about).length === 0
    ? [{ kind: "shrink-weights", loss, expected }]
    : [];
}

/** What is evaluated on may not be like what is trained on. */
export function checkValidation({ settings }: About): readonly Remedy[] {
  return settings.validated ? [{ kind: "check-validation" }] : [];
}

/** What to do about a layer that drowns its inputs in noise. */
export function lowerNoise({ circumstances }: About): readonly Remedy[] {
  const { drowning } = circumstances ?? {};
  return drowning ? [{ kind: "lower-noise", ...drowning }] : [];
}

/** What to do where training is not of the layers that are to be trained. */
export function compileAgain(
  { isStale }: Partial<Circumstances>,
): readonly Remedy[] {
  return isStale ? [{ kind: "compile-again" }] : [];
}

/** Layers in a row through which little may pass, and that may break later. */
const MANY_LAYERS = 8;
const VERY_MANY_LAYERS = 15;

/** What to do about layers through which too little passes. */
export function normalizeLayers({ circumstances }: About): readonly Remedy[] {
  const { plainDepth = 0 } = circumstances ?? {};
  return plainDepth >= MANY_LAYERS
    ? [{ kind: "normalize-layers", layers: plainDepth }]
    : [];
}

/** What to do about layers that may break later, where bounds are good. */
export function watchUnits(
  { plainDepth = 0 }: Partial<Circumstances>,
): readonly Remedy[] {
  return plainDepth >= VERY_MANY_LAYERS
    ? [{ kind: "watch-units", layers: plainDepth }]
    : [];
}

/** What to do about units that all learn the same. */
export function initializeRandomly(
  { circumstances }: About,
): readonly Remedy[] {
  const { alike } = circumstances ?? {};
  return alike ? [{ kind: "initialize-randomly", weights: alike }] : [];
}

/** What to do about few rows, of which chance may have it that they are learned. */
export function keepRowsOut(
  { rows }: Partial<Circumstances>,
  isTold: boolean,
): readonly Remedy[] {
  return rows?.isClose && !isTold
    ? [{ kind: "keep-rows-out", rows: rows.count }]
    : [];
}

export function shuffle({ circumstances }: About): readonly Remedy[] {
  return [{ kind: "shuffle", buffer: circumstances?.buffer ?? 1000 }];
}
