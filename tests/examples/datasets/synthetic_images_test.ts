import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  drawSyntheticImages,
  syntheticClassNames,
} from "../../../examples/datasets/synthetic_images.ts";
import type { ImageSplit } from "../../../examples/datasets/image_dataset.ts";

const options = { shape: [32, 32, 3], classes: 10, seed: 1 } as const;

Deno.test("drawSyntheticImages() is a function of seed, part and index", () => {
  const few = drawSyntheticImages(20, options);
  const more = drawSyntheticImages(50, options);
  assertEquals(more.images.slice(0, few.images.length), few.images);
  assertEquals(more.labels.slice(0, 20), few.labels);
  for (const other of [{ ...options, seed: 2 }, { ...options, part: 1 }]) {
    const changed = drawSyntheticImages(20, other);
    let same = 0;
    for (let i = 0; i < few.images.length; i++) {
      if (changed.images[i] === few.images[i]) same++;
    }
    assert(same < 0.05 * few.images.length);
  }
});

Deno.test("drawSyntheticImages() draws every class about as often", () => {
  const { labels } = drawSyntheticImages(2000, options);
  const counts = new Array(10).fill(0);
  for (const label of labels) counts[label]++;
  // 200 expected with a standard deviation of 13.4; 5 of them either way.
  for (const count of counts) assert(count > 133 && count < 267, `${counts}`);
});

function meanColours({ images, count }: ImageSplit): Float64Array[] {
  return Array.from({ length: count }, (_, i) => {
    const mean = new Float64Array(3);
    for (let p = 0; p < 3072; p++) mean[p % 3] += images[i * 3072 + p] / 1024;
    return mean;
  });
}

Deno.test("drawSyntheticImages() gives classes that mean colour cannot tell apart", () => {
  const train = drawSyntheticImages(1500, options);
  const test = drawSyntheticImages(1000, { ...options, part: 1 });
  const colours = meanColours(train);
  const testColours = meanColours(test);
  const distance = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, value, c) => sum + (value - b[c]) ** 2, 0);
  const nearest = (to: Float64Array, of: Float64Array[]) => {
    let best = 0;
    of.forEach((item, i) => {
      if (distance(to, item) < distance(to, of[best])) best = i;
    });
    return best;
  };
  const centres = Array.from({ length: 10 }, () => new Float64Array(3));
  const counts = new Array(10).fill(0);
  colours.forEach((colour, i) => {
    counts[train.labels[i]]++;
    colour.forEach((value, c) => centres[train.labels[i]][c] += value);
  });
  centres.forEach((centre, k) =>
    centre.forEach((_, c) => centre[c] /= counts[k])
  );
  const byCentre =
    testColours.filter((colour, i) =>
      nearest(colour, centres) === test.labels[i]
    ).length;
  const byNeighbour =
    testColours.filter((colour, i) =>
      train.labels[nearest(colour, colours)] === test.labels[i]
    ).length;
  // Chance is 100 of 1,000 with a standard deviation of 9.5.
  assert(byCentre < 150, `nearest mean colour: ${byCentre} of 1000`);
  assert(byNeighbour < 150, `nearest neighbour: ${byNeighbour} of 1000`);
});

Deno.test("drawSyntheticImages() draws other sizes, one channel and 100 classes", () => {
  const { images, labels } = drawSyntheticImages(300, {
    shape: [28, 28, 1],
    classes: 100,
  });
  assertEquals(images.length, 300 * 784);
  assert(labels.some((label) => label > 90) && labels.every((l) => l < 100));
  for (let i = 0; i < 300; i++) {
    const image = images.subarray(i * 784, (i + 1) * 784);
    assert(Math.max(...image) - Math.min(...image) > 40, `image ${i} is flat`);
  }
});

Deno.test("drawSyntheticImages() gives every one of 100 classes two colours or one, as its texture has", () => {
  const { images, labels } = drawSyntheticImages(3000, {
    shape: [32, 32, 1],
    classes: 100,
    seed: 3,
  });
  const names = syntheticClassNames(100);
  const spreads = names.map(() => [] as number[]);
  labels.forEach((label, i) => {
    const image = images.subarray(i * 1024, (i + 1) * 1024);
    // The spread of what is not the ground, whose colour the corner has.
    const shape = image.filter((value) => Math.abs(value - image[0]) > 60);
    const mean = shape.reduce((sum, value) => sum + value, 0) / shape.length;
    spreads[label].push(
      shape.reduce((sum, value) => sum + Math.abs(value - mean), 0) /
        shape.length,
    );
  });
  const average = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  names.forEach((name, label) => {
    const shape = name.split(" ")[1];
    const plain = average(spreads[names.indexOf(`plain ${shape}`)]);
    if (name.startsWith("plain")) return;
    assert(average(spreads[label]) > 1.3 * plain, `${name} looks plain`);
  });
});

Deno.test("syntheticClassNames() names each class differently", () => {
  assertEquals(syntheticClassNames(10).slice(0, 3), [
    "striped disc",
    "checked disc",
    "striped cross",
  ]);
  assertEquals(new Set(syntheticClassNames(100)).size, 100);
  assertThrows(() => syntheticClassNames(101), RangeError, "1 to 100");
});
