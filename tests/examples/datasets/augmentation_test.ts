import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Augmentation,
  cropAndFlip,
  Placer,
  shiftAndFlip,
} from "../../../examples/datasets/augmentation.ts";
import { seededRandom } from "@clr/clr/training";
import { ImageBatches } from "../../../examples/datasets/image_batches.ts";
import type { ImageDataset } from "../../../examples/datasets/image_dataset.ts";
import { someBytes } from "./_fixtures.ts";

const size = 12;
const zeros = new Float32Array(size);
const ones = new Float32Array(size).fill(1);
/** Two rows of three pixels of two channels: red counts up, green is 100 more. */
const image = Uint8Array.of(1, 101, 2, 102, 3, 103, 4, 104, 5, 105, 6, 106);

function put(
  placement: { right: number; down: number; flip: boolean },
  fill: "nearest" | "zero",
): number[] {
  const xs = new Float32Array(size);
  new Placer([2, 3, 2], { fill, mean: zeros, scale: ones })
    .put({ images: image, from: 0 }, { xs, to: 0 }, placement);
  assert(
    xs.every((value, i) =>
      i % 2 === 0 || value === 0 || value === xs[i - 1] + 100
    ),
  );
  return [...xs].filter((_, i) => i % 2 === 0);
}

Deno.test("Placer.put() shifts, flips and fills", () => {
  const still = { right: 0, down: 0, flip: false };
  assertEquals(put(still, "zero"), [1, 2, 3, 4, 5, 6]);
  assertEquals(put({ ...still, flip: true }, "zero"), [3, 2, 1, 6, 5, 4]);
  assertEquals(put({ ...still, right: 1 }, "zero"), [0, 1, 2, 0, 4, 5]);
  assertEquals(put({ ...still, right: 1 }, "nearest"), [1, 1, 2, 4, 4, 5]);
  assertEquals(put({ ...still, right: -2 }, "nearest"), [3, 3, 3, 6, 6, 6]);
  assertEquals(put({ ...still, down: 1 }, "zero"), [0, 0, 0, 1, 2, 3]);
  assertEquals(put({ ...still, down: -1 }, "nearest"), [4, 5, 6, 4, 5, 6]);
  assertEquals(
    put({ right: 1, down: -1, flip: true }, "nearest"),
    [6, 6, 5, 6, 6, 5],
  );
});

Deno.test("Placer.put() interpolates parts of a pixel linearly", () => {
  const expected = [1, 1.75, 2.75, 4, 4.75, 5.75];
  put({ right: 0.25, down: 0, flip: false }, "nearest").forEach((value, i) =>
    assertAlmostEquals(value, expected[i], 1e-6)
  );
  const both = [1, 1.5, 2.5, 1.75, 2.25, 3.25];
  put({ right: 0.5, down: 0.75, flip: false }, "nearest").forEach((value, i) =>
    assertAlmostEquals(value, both[i], 1e-6)
  );
});

Deno.test("Placer.put() normalizes at the new place and fills with the normalized zero", () => {
  const xs = new Float32Array(4);
  const images = Uint8Array.of(10, 20, 30, 40);
  new Placer([1, 4, 1], {
    fill: "zero",
    mean: Float32Array.of(1, 2, 3, 4),
    scale: Float32Array.of(2, 2, 2, 2),
  }).put(
    { images, from: 0 },
    { xs, to: 0 },
    { right: 1, down: 0, flip: false },
  );
  assertEquals([...xs], [0, 16, 34, 52]);
});

/** Placements that `augmentation` draws. */
function placements(augmentation: Augmentation) {
  const random = seededRandom(1);
  return Array.from(
    { length: 3000 },
    () => augmentation.place(random, [32, 32, 3]),
  );
}

Deno.test("shiftAndFlip moves by up to a tenth and flips every other time", () => {
  const drawn = placements(shiftAndFlip);
  for (const axis of ["right", "down"] as const) {
    const moves = drawn.map((placement) => placement[axis]);
    assert(Math.max(...moves) <= 3.2 && Math.max(...moves) > 3.1);
    assert(Math.min(...moves) >= -3.2 && Math.min(...moves) < -3.1);
  }
  assertAlmostEquals(drawn.filter(({ flip }) => flip).length / 3000, 0.5, 0.05);
});

Deno.test("cropAndFlip takes each of the 81 crops", () => {
  const drawn = placements(cropAndFlip);
  const crops = new Set(drawn.map(({ right, down }) => `${right} ${down}`));
  assertEquals(crops.size, 81);
  assert(
    drawn.every(({ right, down }) =>
      Math.abs(right) <= 4 && Math.abs(down) <= 4
    ),
  );
});

Deno.test("ImageBatches varies images by seed and iteration alone", () => {
  const split = {
    images: someBytes(20 * 192),
    labels: new Uint8Array(20),
    count: 20,
  };
  const dataset: ImageDataset = {
    name: "Tiny",
    origin: "made here",
    classNames: ["a"],
    shape: [8, 8, 3],
    train: split,
    test: split,
  };
  const make = (seed: number) =>
    new ImageBatches(dataset, "train", {
      batchSize: 5,
      seed,
      augmentation: shiftAndFlip,
    });
  const one = make(1);
  const inOrder = Array.from({ length: 8 }, (_, t) => one.at(t).xs);
  const other = make(1);
  for (const t of [7, 2, 0]) assertEquals(other.at(t).xs, inOrder[t]);
  assert(make(2).at(0).xs.some((value, i) => value !== inOrder[0][i]));
  assert(
    inOrder.flatMap((xs) => [...xs]).every((value) =>
      value >= 0 && value <= 255
    ),
  );
});
