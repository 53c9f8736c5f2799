import { checkKind } from "../runtime/check_given.ts";
import { show } from "../runtime/check_data.ts";

/** Whether a metric improves upwards, as accuracy, or downwards, as a loss. */
export type Better = "higher" | "lower";

/** A curve of the test, and where it is better. */
export interface DirectedMetric {
  /** `"loss"`, or the name of a metric as the test records it. */
  readonly name: string;
  /** Whether it improves upwards or downwards. */
  readonly better: Better;
}

/**
 * A curve of the test: the name alone where it tells the direction, as
 * `"loss"`, `"acc"` and `"f1Score"` do, else name and direction.
 */
export type Metric = string | DirectedMetric;

/** How well-known names end, in lower case and run together. */
const NAMES: { readonly [Direction in Better]: ReadonlySet<string> } = {
  higher: new Set(
    ("acc accuracy precision recall sensitivity specificity auc auroc rocauc " +
      "prauc auprc aucpr f1 f2 f1score f2score fbeta fbetascore iou miou " +
      "dice dicecoef dicecoefficient dicescore jaccardindex map ap " +
      "averageprecision r2 r2score explainedvariance " +
      "bleu rouge rougel meteor ndcg mrr hitrate tpr truepositiverate " +
      "tnr truenegativerate ppv npv mcc matthewscorrcoef kappa psnr ssim " +
      "pearson spearman loglikelihood").split(" "),
  ),
  // tfjs's cosine proximity is the negative of the similarity; what others call
  // cosine similarity is either.
  lower: new Set(
    ("loss losses error errorrate err cost mse mae mape msle rmse rmsle " +
      "smape crossentropy bce cce nll negativeloglikelihood logloss " +
      "perplexity ppl hinge logcosh poisson divergence kld brier " +
      "brierscore wer cer fid fpr falsepositiverate fnr falsenegativerate " +
      "cosine cosineproximity ce").split(" "),
  ),
};

/** A name that one of these precedes says the opposite, or who knows what. */
const TURNING = /^(neg|negative|negated|inv|inverse|minus|not|non)$/;

/** What may follow a name without turning it: `acc_1`, `f1_macro`. */
const QUALIFIER =
  /^(\d+|macro|micro|weighted|samples|mean|avg|average|total|top\d*|at\d*|k)$/;

/** `meanIoU`, `mean_iou` and `mean IoU`: mean, io, u and mean, iou. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** The direction of the longest known name that `words` end with. */
function directionOf(words: readonly string[]): Better | undefined {
  for (let first = 0; first < words.length; first++) {
    const ending = words.slice(first).join("");
    for (const better of ["higher", "lower"] as const) {
      if (!NAMES[better].has(ending)) continue;
      return TURNING.test(words[first - 1]) ? undefined : better;
    }
  }
}

/**
 * Where a metric of this name is better; undefined for a name that is not well
 * known. Upper case and underscores make no difference, a name of the output
 * may precede (`out_acc`) and what distinguishes it follow (`acc_1`).
 *
 * @param name A metric's name, as `model.compile` and histories have it.
 * @returns `"higher"`, `"lower"` or undefined.
 * @throws {TypeError} If `name` is no text.
 *
 * @example
 * ```ts
 * import { metricDirection } from "@clr/clr/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const names = ["val_acc", "meanIoU", "rmse", "negLogLoss", "reward"];
 * assertEquals(
 *   names.map(metricDirection),
 *   ["higher", "higher", "lower", undefined, undefined],
 * );
 * ```
 */
export function metricDirection(name: string): Better | undefined {
  checkKind(
    "tell where a metric is better",
    { name: "name", value: name, must: "text" },
    typeof name === "string",
  );
  const words = wordsOf(name);
  while (words.length > 0) {
    const found = directionOf(words);
    if (found) return found;
    const last = words.at(-1)!;
    const bare = last.replace(/\d+$/, "");
    // A name with a number at its end, such as acc5, where nothing is so named.
    const numbered = directionOf([...words.slice(0, -1), bare]);
    if (numbered) return numbered;
    if (!QUALIFIER.test(last)) return undefined;
    words.pop();
  }
}

/**
 * The metric with its direction.
 *
 * @throws {RangeError} If it is a name that does not tell the direction, or the
 * direction is none.
 */
export function directedMetric(metric: Metric): DirectedMetric {
  const { name, better } = typeof metric === "string"
    ? { name: metric, better: metricDirection(metric) }
    : Object(metric) as Partial<DirectedMetric>;
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot read the bounds as metric must be a name, or a name and where it is better: current value is ${
        show(metric)
      }`,
    );
  }
  if (better === "higher" || better === "lower") return { name, better };
  throw new RangeError(
    `Cannot read the bounds as metric must say where "${name}" is better, as in { name: "${name}", better: "higher" } or "lower": current value is ${
      typeof metric === "string" ? "the name alone" : `better: ${show(better)}`
    }`,
  );
}
