import { median } from "../../metrics/median.ts";

/** Losses in the running median, which no one or two outliers move. */
const MEDIAN_WINDOW = 5;

/**
 * The latest losses that the noise is read from: few, as it grows when training
 * takes hold, and more, as few underestimate it now and then.
 */
const NOISE_WINDOWS = [20, 60];

/**
 * Share of the improvement that must be lost before a loss counts as risen. At
 * 1 a network that dies at the loss it started from never counts.
 */
const LOST_SHARE = 0.5;

/**
 * By how many standard deviations a loss must be risen to count: above the best
 * of many levels, which is itself lower than the curve.
 */
const SLACK = 3;

/** The most that one loss counts, in standard deviations: a spike is no trend. */
const CAP = 4;

/**
 * The sum, in standard deviations, that is taken for a divergence: three times
 * what one loss counts at most, so that two outliers in a row are none. Of 500
 * tests of 240 losses of normal noise 0.4 % come to 12 (1.2 % to 6, 0.2 % to
 * 24), and a network that dies is stopped after 3 more losses, 95 % of them
 * after 4 (after 1 and 2 at 6, 5 and 6 at 24).
 */
const EVIDENCE = 12;

/** From the median absolute deviation to a normal standard deviation. */
const MAD_TO_SIGMA = 1 / 0.6744897501960817;

/**
 * Where the losses of the same batches at the first weights are known: by how
 * many standard deviations of single losses the median of the last three must lie
 * above them, where there was no improvement half of which would be more.
 */
const REFERENCED_SLACK = 2;

/** The losses whose median that is: one or two may be outliers. */
const REFERENCED_WINDOW = 3;

/** The first losses, which their usual spread is read from. */
const REFERENCED_HEAD = 30;

/**
 * The share of the noise of the very first losses beyond which their differences
 * from the same batches' at the first weights are random: as of what a loop draws
 * for each loss anew. Then those add to the noise.
 */
const RANDOM = 0.5;

/** Relative resolution of a float32 loss, with room for a few roundings. */
const RESOLUTION = 2 ** -21;

/**
 * The standard deviation of the noise in a series with a slow trend: from the
 * median size of its differences, which a few jumps do not move.
 */
export function noiseLevel(values: ArrayLike<number>): number {
  const differences = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 0; i < differences.length; i++) {
    differences[i] = Math.abs(values[i + 1] - values[i]);
  }
  // A difference of two independent values has twice their variance.
  return median(differences) * MAD_TO_SIGMA / Math.SQRT2;
}

/**
 * A few values underestimate their noise as easily as not, and what is read from
 * them would be taken for surer than it is: by how many times it is raised.
 */
export function unsure(count: number): number {
  return 1 + 4 / count;
}

/** What rounding alone can make of a loss of this size. */
export function resolution(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    largest = Math.max(largest, Math.abs(values[i]));
  }
  return largest * RESOLUTION;
}

/**
 * Says when training has diverged, as the losses come in.
 *
 * The best level is the least median of five consecutive losses. A loss counts
 * as risen by as much as it is above a reference: the level where half of the
 * improvement so far is lost again, or three standard deviations of the noise
 * above the best, whichever is higher. What the losses since the best count, up
 * to four standard deviations each, is added up; a sum that falls below 0
 * starts again there (Page's CUSUM test). Training has diverged at a sum of 12:
 * three losses far above are enough, and so are a few more that are merely back
 * where they started, as of a network that dies.
 *
 * Everything is a difference of losses over another, so the answer is the same
 * when a constant is added to all of them and when all are multiplied by a
 * positive number. The usual rule, a loss of more than four times the best, is
 * neither: it stops at once below zero, and never for a network that dies at
 * ln(classes).
 */
export class DivergenceDetector {
  readonly #losses: number[] = [];
  readonly #changes: number[] = [];
  readonly #mayDraw: boolean;
  #first = 0;
  #best = Infinity;
  #bestEnd = 0;

  constructor(
    options: {
      /**
       * Whether a loss may draw at random, as a loop's own does of noise or masks.
       *
       * @default {false}
       */
      readonly mayDraw?: boolean;
    } = {},
  ) {
    this.#mayDraw = options.mayDraw ?? false;
  }

  /**
   * Takes the next loss, and what the same batch gave at the first weights where
   * that was measured, and says whether training has diverged by now.
   */
  add(loss: number, reference?: number): boolean {
    this.#losses.push(loss);
    if (reference !== undefined) this.#changes.push(loss - reference);
    if (this.#losses.length < MEDIAN_WINDOW) return false;
    return reference === undefined ? this.#hasRisen() : this.#isAboveStart();
  }

  /** How hard each batch is cancels out: what is left starts at 0. */
  #isAboveStart(): boolean {
    const changes = this.#changes;
    const level = median(changes.slice(-MEDIAN_WINDOW));
    this.#best = Math.min(this.#best, level);
    const head = this.#losses.slice(0, REFERENCED_HEAD);
    const noise = Math.max(
      noiseLevel(head),
      this.#isRandom
        ? unsure(head.length) * noiseLevel(changes.slice(0, REFERENCED_HEAD))
        : 0,
    );
    const slack = Math.max(
      LOST_SHARE * Math.max(0, -this.#best),
      REFERENCED_SLACK * noise,
      resolution(head.slice(0, MEDIAN_WINDOW)),
    );
    return median(changes.slice(-REFERENCED_WINDOW)) > slack;
  }

  /** Whether losses differ from those at the first weights before these change. */
  get #isRandom(): boolean {
    const noiseOf = (values: readonly number[]) =>
      noiseLevel(values.slice(0, MEDIAN_WINDOW));
    return this.#mayDraw &&
      noiseOf(this.#changes) > RANDOM * noiseOf(this.#losses);
  }

  #hasRisen(): boolean {
    const losses = this.#losses;
    const level = median(losses.slice(-MEDIAN_WINDOW));
    if (losses.length === MEDIAN_WINDOW) this.#first = level;
    if (level < this.#best) {
      this.#best = level;
      this.#bestEnd = losses.length;
    }

    const noise = unsure(losses.length) * Math.max(
      ...NOISE_WINDOWS.map((window) => noiseLevel(losses.slice(-window))),
      // Not of all of them: an explosion would hide itself.
      resolution([this.#first, this.#best]),
    );
    const reference = this.#best +
      Math.max(LOST_SHARE * (this.#first - this.#best), SLACK * noise);
    let sum = 0;
    for (let i = this.#bestEnd; i < losses.length; i++) {
      const risen = (losses[i] - reference) / noise;
      sum = Math.max(0, sum + Math.min(CAP, risen));
    }
    return sum >= EVIDENCE;
  }
}
