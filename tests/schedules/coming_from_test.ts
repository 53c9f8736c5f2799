import { assert } from "@std/assert";
import * as schedules from "@clr/clr/schedules";
import * as training from "@clr/clr/training";
import * as clr from "@clr/clr";
import * as metrics from "@clr/clr/metrics";
import { namesUnder, PYTORCH_2, TABLE } from "./_coming_from.ts";

Deno.test("the table has a line for every scheduler of PyTorch 2", () => {
  const names = namesUnder("PyTorch");
  for (const name of PYTORCH_2) assert(names.includes(name), name);
});

/** What the table says of options, members and other libraries. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  ...["JSON", "fit", "range", "scheduler", "restore", "fromJSON"],
  ...["gamma", "patience", "get_ema_multi_avg_fn", "LambdaLR"],
]);

Deno.test("the table names what there is", () => {
  const known = new Set(
    [schedules, training, clr, metrics].flatMap((module) =>
      Object.keys(module)
    ),
  );
  const rows = TABLE.split("\n").filter((line) => /^\| [^-]/.test(line));
  assert(rows.length > 45, `${rows.length} rows`);
  for (const row of rows) {
    const here = row.split("|").at(-2)!;
    for (const [, name] of here.matchAll(/`(?:new )?([A-Za-z]+)(?=[`(.])/g)) {
      const isKnown = known.has(name) || OF_OTHERS.has(name);
      assert(isKnown, `${name} in ${row}`);
    }
  }
});
