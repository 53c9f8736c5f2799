import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";

const PROGRAM = fromFileUrl(
  new URL("../../examples/snapshot_ensemble.ts", import.meta.url),
);

Deno.test("snapshot_ensemble.ts tells each cycle, the ensembles and the averages", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", PROGRAM, "--data", "synthetic", "--backend", "wasm"],
      ...["--train-images", "20", "--test-images", "10", "--batch-size", "10"],
      ...["--cycles", "3", "--threads", "1"],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, decode(stderr));
  const told = decode(stdout).match(/^.*test accuracy/gm)?.map((line) =>
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
  assertMatch(decode(stdout), /synthetic.*wasm on WASM.*3 cycles of 4 iter/);
});
