import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../_run.ts";

Deno.test("snapshot_ensemble.ts tells each cycle, the ensembles and the averages", async () => {
  const { code, stdout, stderr } = await runProgram(
    "examples/snapshot_ensemble.ts",
    ...["--data", "synthetic", "--backend", "wasm"],
    ...["--train-images", "20", "--test-images", "10", "--batch-size", "10"],
    ...["--cycles", "3", "--threads", "1"],
  );
  assertEquals(code, 0, stderr);
  const told = stdout.match(/^.*test accuracy/gm)?.map((line) =>
    line.replace(/ +test accuracy/, "")
  );
  assertEquals(told, [
    "end of cycle 1",
    "end of cycle 2",
    "end of cycle 3",
    "ensemble of the last 2",
    "ensemble of the last 3",
    "average of the last 2",
    "average of the last 3",
  ]);
  assertMatch(
    stdout.replaceAll("\n", " "),
    /synthetic.*wasm on WASM.*3 cycles of 4 iter/,
  );
});
