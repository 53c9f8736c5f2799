import { assertEquals, assertThrows } from "@std/assert";
import {
  directedMetric,
  metricDirection,
} from "../../src/metrics/direction.ts";

Deno.test("metricDirection() knows what is better when higher, however it is written", () => {
  for (
    const name of [
      "acc",
      "accuracy",
      "binaryAccuracy",
      "out_acc",
      "acc_1",
      "top5Accuracy",
      "top_5_accuracy",
      "acc_top5",
      "topKCategoricalAccuracy",
      "precision",
      "precision_2",
      "recall",
      "recall@5",
      "auc",
      "PR_AUC",
      "auroc",
      "AUROC",
      "f1",
      "f1Score",
      "f1_score",
      "F1-Score",
      "f1_macro",
      "iou",
      "meanIoU",
      "mean_iou",
      "mIoU",
      "dice",
      "diceCoefficient",
      "map",
      "mAP",
      "mAP50",
      "R2",
      "r2Score",
      "bleu",
      "bleu4",
    ]
  ) assertEquals(metricDirection(name), "higher", name);
});

Deno.test("metricDirection() knows what is better when lower, however it is written", () => {
  for (
    const name of [
      "loss",
      "out_loss",
      "accuracy_loss",
      "diceLoss",
      "f1Loss",
      "error",
      "top5_error",
      "mse",
      "MSE",
      "out_mse_1",
      "meanSquaredError",
      "mae",
      "mape",
      "RMSE",
      "ce",
      "categoricalCrossentropy",
      "cross_entropy",
      "negative_log_likelihood",
      "perplexity",
      "hinge",
      "squaredHinge",
      "kullbackLeiblerDivergence",
      // tfjs negates it.
      "cosineProximity",
      "cosine",
    ]
  ) assertEquals(metricDirection(name), "lower", name);
});

Deno.test("metricDirection() does not guess", () => {
  for (
    const name of [
      "",
      "inaccurate",
      "score",
      "neg_accuracy",
      "negative_f1",
      "heat",
      "distance",
      "bitmap",
      "jaccard",
      "cosineSimilarity",
      "7",
    ]
  ) assertEquals(metricDirection(name), undefined, name);
});

Deno.test("directedMetric() takes a direction, or a name that tells it", () => {
  const own = { name: "reward", better: "higher" } as const;
  assertEquals(directedMetric(own), own);
  // Whoever says it knows better than the name.
  const turned = { name: "acc", better: "lower" } as const;
  assertEquals(directedMetric(turned), turned);
  assertEquals(directedMetric("acc"), { name: "acc", better: "higher" });
  assertThrows(
    () => directedMetric("reward"),
    RangeError,
    `{ name: "reward", better: "higher" }`,
  );
  assertThrows(
    () => directedMetric({ name: "acc", better: "up" as "higher" }),
    RangeError,
    `current value is better: "up"`,
  );
});
