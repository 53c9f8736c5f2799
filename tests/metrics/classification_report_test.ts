import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { classificationReport } from "@clr/clr/metrics";

Deno.test("classificationReport() prints scikit-learn's documented example", () => {
  const report = classificationReport(
    [0, 1, 2, 2, 2],
    [0, 0, 2, 2, 1],
    { classNames: ["class 0", "class 1", "class 2"] },
  );
  assertEquals(
    `${report}`,
    `              precision    recall  f1-score   support

     class 0       0.50      1.00      0.67         1
     class 1       0.00      0.00      0.00         1
     class 2       1.00      0.67      0.80         3

    accuracy                           0.60         5
   macro avg       0.50      0.56      0.49         5
weighted avg       0.70      0.60      0.61         5
`,
  );
});

Deno.test("classificationReport() gives the figures behind the table", () => {
  const report = classificationReport([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], {
    classNames: [
      "a",
      "b",
      "c",
    ],
  });
  assertEquals(report.confusion, [[1, 0, 0], [1, 0, 0], [0, 1, 2]]);
  assertEquals(report.classes[0], {
    precision: 1 / 2,
    recall: 1,
    f1: 2 / 3,
    support: 1,
  });
  assertEquals(report.accuracy, 3 / 5);
  assertAlmostEquals(report.macroAverage.recall, (1 + 0 + 2 / 3) / 3);
  assertAlmostEquals(report.weightedAverage.f1, (2 / 3 + 0 + 3 * 0.8) / 5);
});

Deno.test("classificationReport() widens the table for long names", () => {
  const report = classificationReport([0, 1], [0, 1], {
    classNames: [
      "a class with a long name",
      "b",
    ],
  });
  const lines = `${report}`.split("\n").filter((line) => line !== "");
  assertEquals(new Set(lines.map((line) => line.length)), new Set([24 + 41]));
});

Deno.test("classificationReport() lists classes that do not occur", () => {
  const report = classificationReport([0, 0], [0, 0], {
    classNames: ["there", "absent"],
  });
  assertEquals(report.classes[1], {
    precision: 0,
    recall: 0,
    f1: 0,
    support: 0,
  });
  assertEquals(report.macroAverage.precision, 0.5);
  assertEquals(report.weightedAverage.precision, 1);
});

Deno.test("classificationReport() counts every example once", () => {
  const pairs = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(fc.property(pairs, (examples) => {
    const report = classificationReport(
      examples.map(([label]) => label),
      examples.map(([, prediction]) => prediction),
      { classNames: ["a", "b", "c", "d"] },
    );
    assertEquals(
      report.confusion.flat().reduce((a, b) => a + b),
      examples.length,
    );
    // Recall weighted by support is accuracy, whatever was predicted.
    assertAlmostEquals(report.weightedAverage.recall, report.accuracy, 1e-12);
    for (const { precision, recall, f1 } of report.classes) {
      const sum = precision + recall;
      assertAlmostEquals(f1, sum && 2 * precision * recall / sum, 1e-12);
    }
  }));
});

Deno.test("classificationReport() refuses what it cannot count", () => {
  assertThrows(
    () => classificationReport([], [], { classNames: ["a"] }),
    RangeError,
    "at least one example",
  );
  assertThrows(
    () => classificationReport([0, 1], [0], { classNames: ["a", "b"] }),
    RangeError,
    "for each of 2 labels: current value is 1 predictions",
  );
  assertThrows(
    () => classificationReport([0, 2], [0, 1], { classNames: ["a", "b"] }),
    RangeError,
    "labels[1] must be a class index from 0 to 1: current value is 2",
  );
  assertThrows(
    () => classificationReport([0, 1], [0, NaN], { classNames: ["a", "b"] }),
    RangeError,
    "predictions[1]",
  );
});
