/**
 * Random cases of every operation that training meets, on one backend:
 * `deno task fuzz:ops --backend wasm --threads 2 --seed 1 --cases 100000`.
 */

import { parseArgs } from "@std/cli/parse-args";
import { selectBackend } from "@clr/clr/backends";
import { fuzz } from "./_fuzz.ts";
import { operations } from "./_operations.ts";

const flags = parseArgs(Deno.args, {
  string: ["backend", "threads", "seed", "cases", "only"],
  default: { backend: "wasm", threads: "2", seed: "1", cases: "10000" },
});
const { device } = await selectBackend({
  backend: flags.backend as "wasm",
  threads: Number(flags.threads),
});
const only = (flags.only as string | undefined)?.split(",");
const chosen = operations.filter(({ name }) =>
  only === undefined || only.some((part) => name.includes(part))
);
const each = Math.ceil(Number(flags.cases) / chosen.length);
let [total, wrong] = [0, 0];
for (const operation of chosen) {
  const outcome = fuzz(operation, { seed: Number(flags.seed), cases: each });
  total += outcome.cases;
  if (outcome.wrong) {
    wrong++;
    const { how, given } = outcome.wrong;
    console.log(`WRONG ${outcome.name}: ${how}\n  ${JSON.stringify(given)}`);
  } else console.log(`${outcome.name}: ${outcome.cases}`);
}
console.log(
  `${total} cases of ${chosen.length} operations on ${flags.backend} (${device}), seed ${flags.seed}: ${wrong} operations wrong`,
);
Deno.exit(wrong === 0 ? 0 : 1);
