/** What runs everywhere, in Node and Bun, as npm has it. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { runDeno } from "../_run.ts";
import type { Outcome } from "./_everywhere.ts";
import { assertSameOutcome } from "./_same_outcome.ts";
import { type NpmProject, npmProject, runtimes } from "./_npm_package.ts";

const ROOT = new URL("../../", import.meta.url);

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});
let made: Promise<NpmProject> | undefined;
/** Made once, by the first test. */
const project = () => made ??= npmProject(folder);

const EVERYWHERE = (threads: number) => `
import { everywhere } from "./_everywhere.ts";
const outcome = await everywhere({ backend: "wasm", threads: ${threads} });
console.log(JSON.stringify(outcome));
`;

/** Runs a module, of this folder or elsewhere, and gives what it printed. */
async function runInDeno(
  module: string,
  ...args: readonly string[]
): Promise<string> {
  const { stdout, stderr } = await runDeno([
    ...["run", "-A", "--no-check"],
    ...["--config", fromFileUrl(new URL("deno.json", ROOT))],
    ...[fromFileUrl(new URL(module, import.meta.url)), ...args],
  ]);
  assert(stdout, stderr);
  return stdout;
}

/**
 * The same in Deno. Engines are free to round a multiplication before what is
 * added to it, or not to: V8 does not, JavaScriptCore does. `rounds` tries what
 * comes of that.
 */
async function inDeno(rounds: boolean): Promise<Outcome> {
  const program = join(folder, `deno_${rounds}.ts`);
  const validate = `
const { validate } = WebAssembly;
// Our module is the largest.
WebAssembly.validate = (bytes) => bytes.byteLength < 10000 && validate(bytes);
`;
  await Deno.writeTextFile(
    program,
    `${rounds ? validate : ""}
const { everywhere } = await import("${new URL(
      "_everywhere.ts",
      import.meta.url,
    )}");
console.log(JSON.stringify(await everywhere({ backend: "wasm", threads: 2 })));
`,
  );
  return JSON.parse(await runInDeno(toFileUrl(program).href));
}

for (const { name, path } of runtimes) {
  /** A test in the runtime; without it, it says that it was skipped. */
  const test = (what: string, fn: (path: string) => Promise<void>) =>
    Deno.test({
      name: `${name} ${what}${path ? "" : " (skipped: not installed)"}`,
      ignore: path === undefined,
      fn: () => fn(path!),
    });

  test("finds, trains, draws and exports as Deno does", async (path) => {
    const { runText } = await project();
    const outcome: Outcome = JSON.parse(await runText(path, EVERYWHERE(2)));
    assertEquals(outcome.device.slice(0, 20), "WASM SIMD, 2 threads");
    assertEquals(outcome.reason, "asked for by name");
    assertEquals(outcome.verdict, "good");
    assertEquals(outcome.rates.length, 36);
    const expected = await inDeno(name === "Bun");
    assertSameOutcome(outcome, expected);
  });

  test("resumes from a checkpoint to the weights of a run that was not stopped", async (path) => {
    const { run, folder } = await project();
    const train = async (place: string, from: number, to: number) =>
      JSON.parse(
        await run(
          path,
          "_checkpoints.ts",
          join(folder, `${name}_${place}`),
          `${from}`,
          `${to}`,
        ),
      );
    const whole = await train("whole", 0, 30);
    await train("parts", 0, 17);
    assertEquals(await train("parts", 17, 30), whole);
    assertEquals(whole.history.lr.length, 30);

    // What Deno wrote goes on too, and what is written then in Deno.
    const both = join(folder, `${name}_and_deno`);
    await runInDeno("_checkpoints.ts", both, "0", "11");
    await run(path, "_checkpoints.ts", both, "11", "17");
    const last = JSON.parse(
      await runInDeno("_checkpoints.ts", both, "17", "30"),
    );
    assertEquals(last.history.lr, whole.history.lr);
    // Bun rounds otherwise: see inDeno().
    if (name === "Node") assertEquals(last, whole);
  });

  test("waits for a checkpoint of another process, and not for one that was killed", async (path) => {
    const { run, folder } = await project();
    const shared = join(folder, `${name}_shared`);
    await Deno.mkdir(shared);
    const killed = new Deno.Command(path, {
      args: ["--version"],
      stdout: "null",
    })
      .spawn();
    await killed.status;
    const host = Deno.hostname();
    const lock = join(shared, ".lock.pid");
    await Deno.writeTextFile(lock, JSON.stringify({ pid: killed.pid, host }));
    await run(path, "_checkpoints.ts", shared, "0", "3");

    // One that runs: this process.
    await Deno.writeTextFile(lock, JSON.stringify({ pid: Deno.pid, host }));
    const waiting = run(path, "_checkpoints.ts", shared, "3", "6");
    const first = await Promise.race([
      waiting.then(() => "saved"),
      new Promise((resolve) => setTimeout(() => resolve("waits"), 4000)),
    ]);
    assertEquals(first, "waits");
    await Deno.remove(lock);
    await waiting;
  });

  test("runs README's first program, and draws a picture", async (path) => {
    const readme = await Deno.readTextFile(new URL("README.md", ROOT));
    const snippet = /```ts\n([\s\S]*?)```/.exec(readme)![1];
    assertStringIncludes(snippet, "findLearningRate");
    const { runText } = await project();
    const text = await runText(
      path,
      `${snippet}
import { rangeChart, toPng } from "@clr/clr/plots";
const png = await toPng(rangeChart(range));
console.log("PNG", png.length, ...png.subarray(1, 4));
`,
    );
    assertStringIncludes(text, "loss by rate");
    assertMatch(text, /PNG \d{5,} 80 78 71\n$/);
  });

  test("runs an exported model with onnxruntime-web", async (path) => {
    const { runText } = await project();
    const text = await runText(
      path,
      `
import * as tf from "@tensorflow/tfjs";
import { createSession, toOnnx } from "@clr/clr/onnx";
const model = tf.sequential({
  layers: [tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4] })],
});
const session = await createSession(await toOnnx(model), { threads: 2 });
const data = new Float32Array([1, 2, 3, 4]);
const [output] = Object.values(
  await session.run({ [session.inputs[0].name]: { data, shape: [1, 4] } }),
);
const expected = await model.predict(tf.tensor(data, [1, 4])).data();
const errors = expected.map((value, i) => Math.abs(value - output.data[i]));
await session[Symbol.asyncDispose]();
console.log(Math.max(...errors) < 1e-6);
`,
    );
    assertMatch(text, /true\n$/);
  });

  test("is told in a line what is Deno's own", async (path) => {
    const { runText } = await project();
    for (const entry of ["command", "devices", "doctor", "find-lr", "init"]) {
      const text = await runText(
        path,
        `await import("@clr/clr/${entry}").then(
  () => console.log("loaded"), ({ message }) => console.log(message));`,
      );
      assertMatch(
        text,
        /^Cannot load this part of @clr\/clr as it must run in Deno: current value is (Node|Bun)\S*\n$/,
      );
    }
    const text = await runText(
      path,
      `import { LivePage } from "@clr/clr/plots";
await LivePage.open().catch(({ message }) => console.log(message));`,
    );
    assertMatch(
      text,
      /^Cannot open a live page as it must run in Deno: .*; elsewhere, TensorBoardLogger/,
    );
  });
}
