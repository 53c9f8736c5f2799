/**
 * Random networks trained on CPU and elsewhere:
 * `deno task fuzz:networks --seed 1 --cases 500 --on wasm,threads,webgpu`.
 */

import { parseArgs } from "@std/cli/parse-args";
import fc from "fast-check";
import { selectBackend } from "@clr/clr/backends";
import { compare, type Place } from "./_compare.ts";
import { networks } from "./_plan.ts";

const flags = parseArgs(Deno.args, {
  string: ["seed", "cases", "on", "seconds"],
  default: { seed: "1", cases: "500", on: "wasm,threads", seconds: "86400" },
});
const PLACES: Readonly<Record<string, Place>> = {
  wasm: ["wasm", 1],
  threads: ["wasm", 2],
  webgpu: ["webgpu"],
};
const on = flags.on as string;
const places = on.split(",").map((name) => PLACES[name]);
const end = performance.now() + 1000 * Number(flags.seconds);
// Plans ask layers for their shapes, which some give wrong until then.
await selectBackend({ backend: "cpu" });
const kinds = new Map<string, number>();
let [cases, wrong] = [0, 0];
for (
  const plan of fc.sample(networks, {
    seed: Number(flags.seed),
    numRuns: Number(flags.cases),
  })
) {
  if (performance.now() > end) break;
  cases++;
  for (const { kind, inner } of plan.layers) {
    for (const used of [kind, ...inner ? [inner.kind] : []]) {
      kinds.set(used, (kinds.get(used) ?? 0) + 1);
    }
  }
  const how = await compare(plan, places);
  if (how === undefined) continue;
  wrong++;
  console.log(`WRONG ${how}\n  ${JSON.stringify(plan)}`);
}
const counts = [...kinds].sort(([, a], [, b]) => b - a)
  .map(([kind, count]) => `${kind} ${count}`);
console.log(counts.join(", "));
console.log(
  `${cases} networks with ${kinds.size} kinds of layers on cpu, ${on}, seed ${flags.seed}: ${wrong} wrong`,
);
Deno.exit(wrong === 0 ? 0 : 1);
