import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  meanImage,
  perChannel,
} from "../../../examples/datasets/normalization.ts";

const split = {
  images: Uint8Array.of(0, 10, 20, 255, 4, 30, 100, 5),
  labels: Uint8Array.of(0, 1),
  count: 2,
};

Deno.test("meanImage() is the mean of each pixel over the images", () => {
  assertEquals([...meanImage(split, [1, 2, 2]).mean], [2, 20, 60, 130]);
});

Deno.test("perChannel() gives each channel zero mean and unit deviation", () => {
  const { mean, scale } = perChannel(split, [1, 2, 2]);
  for (const c of [0, 1]) {
    const values = [...split.images].filter((_, i) => i % 2 === c)
      .map((value) => (value - mean[c]) * scale![c]);
    const sum = (terms: number[]) => terms.reduce((a, b) => a + b, 0);
    assertAlmostEquals(sum(values) / 4, 0, 1e-6);
    assertAlmostEquals(sum(values.map((v) => v * v)) / 4, 1, 1e-6);
  }
});

Deno.test("perChannel() keeps a channel of one value finite", () => {
  const flat = {
    images: Uint8Array.of(7, 7),
    labels: Uint8Array.of(0, 0),
    count: 2,
  };
  assertEquals([...perChannel(flat, [1, 1, 1]).scale!], [1]);
});
