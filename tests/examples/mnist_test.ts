import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram } from "../_run.ts";

Deno.test("mnist.ts finds a range and trains one cycle in it", async () => {
  const { code, stdout, stderr } = await runProgram(
    "examples/mnist.ts",
    ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
    ...["--train-images", "1000", "--test-images", "100", "--epochs", "2"],
  );
  assertEquals(code, 0, stdout + stderr);
  assertStringIncludes(stdout, "Train between");
  assertMatch(
    stdout,
    /Test error \d+\.\d\d %.*after 20 iterations\n\(MNIST, syn/,
  );
});

Deno.test("custom_loop.ts fits its line between the rates that it found", async () => {
  const { code, stdout, stderr } = await runProgram("examples/custom_loop.ts");
  assertEquals(code, 0, stdout + stderr);
  assertStringIncludes(stdout, "Train between");
});
