import { assertEquals } from "@std/assert";
import { meantName, nearestName } from "../../src/runtime/nearest_name.ts";

Deno.test("nearestName() finds what was meant, and nothing far from it", () => {
  const names = ["baseLr", "maxLr", "stepSize", "stepSizeDown", "mode"];
  const found = (name: string) => nearestName(name, names);
  assertEquals(
    ["base_lr", "maxLR", "MAX_LR", "step-size", "stepsize", "stepSizes"]
      .map(found),
    ["baseLr", "maxLr", "maxLr", "stepSize", "stepSize", "stepSize"],
  );
  assertEquals([found("modes"), found("mdoe")], ["mode", "mode"]);
  assertEquals([found("callbacks"), found("x"), found("")], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("meantName() takes a beginning of three letters for the name", () => {
  const names = ["train-images", "test-images", "batch-size", "epochs"];
  assertEquals(
    ["train", "batch", "tra", "tr", "images", "epoch"].map((name) =>
      meantName(name, names)
    ),
    [
      ...["train-images", "batch-size", "train-images"],
      undefined,
      undefined,
      "epochs",
    ],
  );
});

Deno.test("nearestName() knows what other libraries call an option", () => {
  const cosine = ["startLr", "endLr", "iterations"];
  const restarts = ["maxLr", "minLr", "cycleSize", "cycleFactor"];
  assertEquals(nearestName("T_max", cosine), "iterations");
  assertEquals(nearestName("eta_min", cosine), "endLr");
  assertEquals(nearestName("eta_min", restarts), "minLr");
  assertEquals(nearestName("T_mult", restarts), "cycleFactor");
  assertEquals(nearestName("lr", cosine), "startLr");
  const cyclic = ["baseLr", "maxLr", "momentum", "cycles"];
  assertEquals(nearestName("min_lr", cyclic), "baseLr");
  assertEquals(nearestName("num_cycles", cyclic), "cycles");
  assertEquals(nearestName("minLr", ["startLr", "iterations"]), "startLr");
  assertEquals(
    nearestName("num_training", ["startLr", "iterations"]),
    "iterations",
  );
  assertEquals(
    nearestName("gamma", ["startLr", "factor", "stepSize"]),
    "factor",
  );
  assertEquals(nearestName("gamma", ["mode", "gamma", "factor"]), "gamma");
  assertEquals(nearestName("b1", ["beta1", "beta2", "epsilon"]), "beta1");
  assertEquals(nearestName("beta", ["decay", "warmup"]), "decay");
  assertEquals(nearestName("saveFreq", ["scheduler", "every"]), "every");
  // What is there is never taken for what another library calls so.
  assertEquals(nearestName("lr", ["lr", "startLr"]), "lr");
  assertEquals(nearestName("epochs", ["iterations", "epochs"]), "epochs");
  assertEquals(nearestName("constructor", cosine), undefined);
});
