import { assertEquals } from "@std/assert";
import { type LiveAxis, liveSpec } from "../../../src/plots/live/live_spec.ts";

const ITERATIONS: LiveAxis = {
  field: "iterations",
  title: "iteration",
  log: false,
};
const RATES: LiveAxis = { field: "lr", title: "learning rate", log: true };

/** The names that the legend of each panel has; none where it has no legend. */
function legends(
  columns: string[],
  axis: LiveAxis,
  validated: string[] = [],
): (string[] | undefined)[] {
  return liveSpec(columns, { axis, validated }).vconcat.map(({ layer }) => {
    const color = layer.flatMap((one) =>
      "mark" in one && one.encoding?.color ? [one.encoding.color] : []
    ).find((color) => "legend" in color && color.legend);
    if (!color || !("scale" in color) || !color.scale) return undefined;
    return color.scale.domain as string[];
  });
}

Deno.test("liveSpec() has one legend, at the first metric", () => {
  const columns = ["lr", "loss", "acc"];
  const batches = ["batch", "batch, smoothed"];
  assertEquals(legends(columns, ITERATIONS), [undefined, batches, undefined]);
});

Deno.test("liveSpec() names validation where there is some, over the first metric that has it", () => {
  const names = ["batch", "batch, smoothed", "validation"];
  const columns = ["lr", "loss", "acc"];
  assertEquals(legends(columns, ITERATIONS, ["loss", "acc"]), [
    undefined,
    names,
    undefined,
  ]);
  assertEquals(legends(columns, ITERATIONS, ["acc"]), [
    undefined,
    undefined,
    names,
  ]);
});

Deno.test("liveSpec() names no validation over rates, where there is none", () => {
  assertEquals(legends(["loss"], RATES), [["batch", "batch, smoothed"]]);
});
