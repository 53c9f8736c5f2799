import { checkKind } from "../runtime/check_given.ts";
import type { Tensor } from "../tfjs/types.ts";

/** The true classes of examples: their indices, or a tensor of either kind. */
export type ClassLabels = Tensor | ArrayLike<number>;

/** Whether `value` is a tensor, of whichever copy of tfjs. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dataId" in value;
}

/** The index, from `start` on, of the first of the `count` largest numbers. */
export function largestAt(
  numbers: ArrayLike<number>,
  start: number,
  count: number,
): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if (numbers[start + i] > numbers[start + best]) best = i;
  }
  return best;
}

/**
 * Throws if scores of examples that come one after the other hold a NaN: no class
 * is the highest then, and the first would be taken for it.
 *
 * @param first The number of the first example.
 */
export function checkScores(
  action: string,
  scores: ArrayLike<number>,
  { width, first }: { readonly width: number; readonly first: number },
): void {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isNaN(scores[i])) continue;
    throw new RangeError(
      `Cannot ${action} as the scores that the model gives must be numbers: current value is NaN for example ${
        first + Math.floor(i / width)
      }, as of weights that are lost`,
    );
  }
}

/** How far the sum of a one-hot row may be from 1, for labels that are smoothed. */
const TOLERANCE = 1e-3;

/**
 * The class index of each example: as they are, or of a tensor `[examples]`,
 * `[examples, 1]` or, one-hot, `[examples, classes]`.
 *
 * @throws {RangeError} If a tensor has another shape, or a row of it stands for
 * several classes or none.
 * @throws {TypeError} If they are neither a tensor nor a list.
 */
export async function readClassIndices(
  labels: ClassLabels,
  classes: number,
): Promise<ArrayLike<number>> {
  if (!isTensor(labels)) {
    checkKind(
      "read the classes",
      { name: "labels", value: labels, must: "a tensor or a list of indices" },
      Array.isArray(labels) || ArrayBuffer.isView(labels),
    );
    return labels;
  }
  const [examples, width = 1, ...rest] = labels.shape;
  if (rest.length > 0 || width !== 1 && width !== classes) {
    throw new RangeError(
      `Cannot read the classes as labels must have shape [examples], [examples, 1] or [examples, ${classes}]: current value is [${labels.shape}]`,
    );
  }
  const numbers = await labels.data();
  if (width === 1) return numbers;
  return Int32Array.from({ length: examples }, (_, i) => {
    const row = numbers.subarray(i * width, (i + 1) * width);
    let sum = 0;
    for (const value of row) sum += value;
    if (!(Math.abs(sum - 1) <= TOLERANCE)) {
      throw new RangeError(
        `Cannot read the classes as each row of labels must stand for one class, its sum being 1: current value is row ${i} with the sum ${sum}; of labels that hold several classes at once, report on each class by itself`,
      );
    }
    return largestAt(row, 0, width);
  });
}
