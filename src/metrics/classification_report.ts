import { checkKind } from "../runtime/check_given.ts";
import { show } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    classNames: 0,
    digits: 0,
  } satisfies Record<keyof ClassificationReportOptions, 0>,
);
/**
 * How well a classifier does, class by class: what scikit-learn calls a
 * classification report.
 */

/** The figures of one class, or an average over classes. */
export interface ClassScores {
  /** Of what was predicted as this class, the fraction that is; 0 when nothing was. */
  readonly precision: number;
  /** Of what is this class, the fraction predicted as it; 0 when there is none. */
  readonly recall: number;
  /** The harmonic mean of precision and recall; 0 when both are 0. */
  readonly f1: number;
  /** How many examples are of this class. */
  readonly support: number;
}

/** What {@linkcode classificationReport} returns. */
export interface ClassificationReport {
  /** The names of the classes, in the order of their indices. */
  readonly classNames: readonly string[];
  /** `confusion[label][prediction]` counts the examples. */
  readonly confusion: readonly (readonly number[])[];
  /** The scores by class index. */
  readonly classes: readonly ClassScores[];
  /** The fraction of examples predicted right. */
  readonly accuracy: number;
  /** The mean over the classes. */
  readonly macroAverage: ClassScores;
  /** The mean over the classes, weighted by their support. */
  readonly weightedAverage: ClassScores;
  /** The table that scikit-learn's `classification_report` prints. */
  toString(): string;
}

/** Options of {@linkcode classificationReport}. */
export interface ClassificationReportOptions {
  /**
   * The names of all classes, also of those that do not occur.
   *
   * @default {the indices from 0 to the highest that occurs}
   */
  readonly classNames?: readonly string[];
  /** Digits after the point in the text, from 0 to 15. @default {2} */
  readonly digits?: number;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function checkIndex(
  what: string,
  value: number,
  { at, classes }: { readonly at: number; readonly classes: number },
) {
  if (Number.isInteger(value) && value >= 0 && value < classes) return;
  throw new RangeError(
    `Cannot report on a classification as ${what}[${at}] must be a class index from 0 to ${
      classes - 1
    }: current value is ${show(value)}`,
  );
}

function average(
  classes: readonly ClassScores[],
  weights: readonly number[],
): ClassScores {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (scores: ClassScores) => number) =>
    classes.reduce((sum, scores, i) => sum + of(scores) * weights[i], 0) /
    total;
  return {
    precision: mean((scores) => scores.precision),
    recall: mean((scores) => scores.recall),
    f1: mean((scores) => scores.f1),
    support: classes.reduce((sum, scores) => sum + scores.support, 0),
  };
}

/**
 * With so many digits, as Python prints it: a half goes to the even neighbour,
 * where `toFixed` takes it up. In binary, halves of 10^-digits are the odd
 * multiples of 2^-(digits + 1).
 */
function rounded(fraction: number, digits: number): string {
  const parts = fraction * 2 ** (digits + 1);
  if (!Number.isInteger(parts) || parts % 2 === 0) {
    return fraction.toFixed(digits);
  }
  const below = Math.floor(fraction * 10 ** digits);
  return ((below + below % 2) / 10 ** digits).toFixed(digits);
}

function layOut(report: ClassificationReport, digits: number): string {
  const averages = ["accuracy", "macro avg", "weighted avg"];
  const width = Math.max(
    ...report.classNames.map((name) => name.length),
    ...averages.map((name) => name.length),
  );
  const line = (name: string, cells: readonly string[]) =>
    name.padStart(width) + " " +
    cells.map((cell) => cell.padStart(10)).join("");
  const row = (name: string, { precision, recall, f1, support }: ClassScores) =>
    line(name, [
      rounded(precision, digits),
      rounded(recall, digits),
      rounded(f1, digits),
      String(support),
    ]);
  return [
    line("", ["precision", "recall", "f1-score", "support"]),
    "",
    ...report.classes.map((scores, i) => row(report.classNames[i], scores)),
    "",
    line("accuracy", [
      "",
      "",
      rounded(report.accuracy, digits),
      String(report.macroAverage.support),
    ]),
    row("macro avg", report.macroAverage),
    row("weighted avg", report.weightedAverage),
    "",
  ].join("\n");
}

/** "0", "1", … to the highest index that occurs. */
function indexNames(...indices: readonly ArrayLike<number>[]): string[] {
  let highest = 0;
  for (const each of indices) {
    for (let i = 0; i < each.length; i++) {
      // What is no number is refused with its place.
      if (Number.isFinite(each[i])) highest = Math.max(highest, each[i]);
    }
  }
  if (highest >= MOST_CLASSES) {
    throw new RangeError(
      `Cannot report on a classification as class indices must be below ${MOST_CLASSES} where classNames are not given: current value is ${highest}`,
    );
  }
  return Array.from({ length: Math.floor(highest) + 1 }, (_, i) => `${i}`);
}

/** More classes than this need names: an index that large is a mistake. */
const MOST_CLASSES = 10_000;

/**
 * Compares predicted with true classes: the confusion matrix, and precision,
 * recall and F1 of each class with their averages. Where scikit-learn warns
 * of a division by zero and takes 0, this takes 0.
 *
 * @param labels The true class indices.
 * @param predictions The predicted class indices, as many.
 * @returns The figures; as text, the table that scikit-learn prints.
 *
 * @throws {RangeError} If there are no examples or no classes, the lengths
 * differ, or an index is not that of a class.
 *
 * Source: {@link https://scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html}
 *
 * @example
 * ```ts
 * import { classificationReport } from "@clr/clr/metrics";
 *
 * const report = classificationReport([0, 0, 1], [0, 1, 1], {
 *   classNames: ["cat", "dog"],
 * });
 * console.log(report.confusion); // [[1, 1], [0, 1]]
 * console.log(`${report}`);
 * ```
 */
export function classificationReport(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  options: ClassificationReportOptions = {},
): ClassificationReport {
  checkNames("report on a classification", options, NAMES);
  for (const [name, value] of Object.entries({ labels, predictions })) {
    checkKind(
      "report on a classification",
      { name, value, must: "a list of class indices" },
      Array.isArray(value) || ArrayBuffer.isView(value),
    );
  }
  if (labels.length === 0) {
    throw new RangeError(
      "Cannot report on a classification as there must be at least one example: current value is 0 labels",
    );
  }
  if (labels.length !== predictions.length) {
    throw new RangeError(
      `Cannot report on a classification as there must be a prediction for each of ${labels.length} labels: current value is ${predictions.length} predictions`,
    );
  }
  const { classNames = indexNames(labels, predictions), digits = 2 } = options;
  if (!(Number.isInteger(digits) && digits >= 0 && digits <= 15)) {
    throw new RangeError(
      `Cannot report on a classification as digits must be a whole number from 0 to 15: current value is ${
        show(digits)
      }`,
    );
  }
  checkKind(
    "report on a classification",
    {
      name: "classNames",
      value: classNames,
      must: "a list of the names of all classes",
    },
    Array.isArray(classNames) &&
      classNames.every((name) => typeof name === "string"),
  );
  const count = classNames.length;
  const confusion = classNames.map(() => new Array<number>(count).fill(0));
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    checkIndex("labels", labels[i], { at: i, classes: count });
    checkIndex("predictions", predictions[i], { at: i, classes: count });
    confusion[labels[i]][predictions[i]]++;
    if (labels[i] === predictions[i]) correct++;
  }

  const classes = confusion.map((row, index): ClassScores => {
    const support = row.reduce((sum, n) => sum + n, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[index], 0);
    const right = row[index];
    return {
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, predicted + support),
      support,
    };
  });
  return {
    classNames: [...classNames],
    confusion,
    classes,
    accuracy: correct / labels.length,
    macroAverage: average(classes, classes.map(() => 1)),
    weightedAverage: average(classes, classes.map(({ support }) => support)),
    toString(): string {
      return layOut(this, digits);
    },
  };
}

/**
 * Throws unless there is a name for each class that a model gives, before it is
 * evaluated on much.
 */
export function checkClassNames(
  action: string,
  classNames: readonly string[] | undefined,
  classes: number,
): void {
  if (classNames === undefined) return;
  checkKind(
    action,
    { name: "classNames", value: classNames, must: "a list of names" },
    Array.isArray(classNames) &&
      classNames.every((name) => typeof name === "string"),
  );
  if (classNames.length >= classes) return;
  throw new RangeError(
    `Cannot ${action} as classNames must name each of the ${classes} classes that the model gives: current value is ${classNames.length} of them`,
  );
}
