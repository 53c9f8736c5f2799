import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

async function run(
  program: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const path = fromFileUrl(
    new URL(`../../examples/${program}`, import.meta.url),
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("mnist.ts finds a range and trains one cycle in it", async () => {
  const { code, stdout, stderr } = await run(
    "mnist.ts",
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
  const { code, stdout, stderr } = await run("custom_loop.ts");
  assertEquals(code, 0, stdout + stderr);
  assertStringIncludes(stdout, "Train between");
});
