import { assert, assertStringIncludes } from "@std/assert";
import { describeFlags } from "../../src/command/describe_flags.ts";

Deno.test("describeFlags() lists each flag within 80 columns", () => {
  const text = describeFlags({
    rate: { kind: "number", above: 0, help: "a rate" },
    count: { kind: "integer", min: 1, default: 3, help: "a count" },
    decay: { kind: "numbers", min: 0, help: "decays" },
    mode: { kind: "choice", choices: ["a", "b"], default: "a", help: "a mode" },
    live: { kind: "text", optional: true, value: "[PORT]", help: "a page" },
    plots: { kind: "switch", default: true, help: "draws" },
    "a-very-long-name-for-a-flag": { kind: "text", help: "word ".repeat(40) },
    model: {
      kind: "choice",
      choices: Array.from({ length: 20 }, (_, i) => `network_${i}`),
      help: "a network",
    },
  });
  for (const line of text.split("\n")) assert(line.length <= 80, line);
  const shown = ["rate N", "decay N,…", "no-plots", "mode a|b", "live [PORT]"];
  for (const flag of shown) assertStringIncludes(text, `  --${flag}`);
  assert(text.includes("(default 3)"));
  assert(text.includes("--model NAME"));
  assert(text.includes("network_19"));
});
