import { assert, assertEquals } from "@std/assert";
import { drawSyntheticDigits } from "../../../examples/datasets/synthetic_digits.ts";

const shape = [28, 28, 1] as const;

Deno.test("drawSyntheticDigits() begins alike whatever the count, and differs by part and seed", () => {
  const few = drawSyntheticDigits(5, { shape, seed: 3 });
  const many = drawSyntheticDigits(20, { shape, seed: 3 });
  assertEquals(many.images.slice(0, 5 * 784), few.images);
  assertEquals(many.labels.slice(0, 5), few.labels);
  for (const other of [{ seed: 3, part: 1 }, { seed: 4 }]) {
    const { images } = drawSyntheticDigits(5, { shape, ...other });
    assert(images.some((pixel, at) => pixel !== few.images[at]));
  }
});

Deno.test("drawSyntheticDigits() draws ten kinds that their mean images tell apart", () => {
  const train = drawSyntheticDigits(2000, { shape });
  const test = drawSyntheticDigits(500, { shape, part: 1 });
  const means = Array.from({ length: 10 }, () => new Float64Array(784));
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < train.count; i++) {
    counts[train.labels[i]]++;
    for (let p = 0; p < 784; p++) {
      means[train.labels[i]][p] += train.images[784 * i + p];
    }
  }
  assert(counts.every((count) => count > 150), `${counts}`);
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const distances = means.map((mean, label) =>
      mean.reduce(
        (sum, total, p) =>
          sum + (total / counts[label] - test.images[784 * i + p]) ** 2,
        0,
      )
    );
    const nearest = distances.indexOf(Math.min(...distances));
    if (nearest === test.labels[i]) right++;
  }
  // Far better than one in ten, and not so easy that nothing is to be learned.
  assert(right > 0.6 * test.count && right < 0.98 * test.count, `${right}`);
});
