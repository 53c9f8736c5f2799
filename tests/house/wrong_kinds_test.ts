import { assertEquals } from "@std/assert";
import * as core from "@clr/clr";
import * as backends from "@clr/clr/backends";
import * as command from "@clr/clr/command";
import * as devices from "@clr/clr/devices";
import * as metrics from "@clr/clr/metrics";
import * as onnx from "@clr/clr/onnx";
import * as plots from "@clr/clr/plots";
import * as schedules from "@clr/clr/schedules";
import * as training from "@clr/clr/training";

const TESTS = [
  "../command/wrong_kinds_test.ts",
  "../devices/wrong_kinds_test.ts",
  "../runtime/odd_numbers_test.ts",
  "../runtime/wrong_kinds_test.ts",
  "../runtime/wrong_options_test.ts",
];

/** What takes nothing, or is not made by people. */
const OTHERS = [
  // Bases, whose heirs are tested.
  ...["AdamBase", "CallbackBase", "MomentumBase"],
  // What `openNvml`, `createSession` and `toOnnx` make.
  ...["Nvml", "OnnxGraph", "OnnxSession"],
  ...["describeProcessor", "stoppedStatus"],
];

Deno.test("Every public function is given values of wrong kinds by a test", async () => {
  const texts = await Promise.all(
    TESTS.map((path) => Deno.readTextFile(new URL(path, import.meta.url))),
  );
  const words = new Set(texts.join("\n").match(/\w+/g));
  const all = { ...core, ...backends, ...command, ...devices, ...metrics };
  const others = { ...onnx, ...plots, ...schedules, ...training };
  const missing = Object.entries({ ...all, ...others })
    .filter(([name, value]) =>
      typeof value === "function" && !name.endsWith("Error") &&
      !OTHERS.includes(name) && !words.has(name)
    ).map(([name]) => name);
  assertEquals(missing, []);
});
