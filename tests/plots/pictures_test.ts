import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { namesIn, withFolder } from "../_folder.ts";
import { runDeno } from "../_run.ts";
import { decodePng } from "./_png.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** A module for the command: a straight line to learn. */
const MODULE = `
import * as tf from "npm:@tensorflow/tfjs@^4.22.0";
export function createModel() {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "zeros" }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  return model;
}
export function createData() {
  const xs = tf.randomNormal([400, 2], 0, 1, "float32", 1);
  return { xs, ys: xs.sum(1, true) };
}
`;

async function findLr(folder: string, ...args: string[]) {
  const module = join(folder, "train.ts");
  await Deno.writeTextFile(module, MODULE);
  const out = join(folder, "out");
  const result = await runDeno([
    ...["run", "-A", "--no-check", "--config", join(ROOT, "deno.json")],
    ...[join(ROOT, "src/find_lr.ts"), module, "--backend", "cpu"],
    ...["--batch-size", "20", "--end-lr", "100", "--repeats", "1"],
    ...["--out", out, ...args],
  ]);
  return { out, files: result.code === 0 ? namesIn(out) : [], ...result };
}

Deno.test("find-lr draws what it found, live too", () =>
  withFolder(async (folder) => {
    const { out, files, stdout, stderr } = await findLr(folder, "--live");
    assertEquals(
      files,
      ["lr_range.csv", "lr_range.json", "lr_range.png", "lr_range.svg"],
      stderr,
    );
    assertStringIncludes(
      stdout.replaceAll("\n", " "),
      "lr_range.svg, lr_range.png",
    );
    assertStringIncludes(stderr, "Live at http://127.0.0.1:");
    const svg = await Deno.readTextFile(join(out, "lr_range.svg"));
    assertStringIncludes(svg, "Read from the ");
    assertStringIncludes(svg, "on cpu (");
    const png = decodePng(await Deno.readFile(join(out, "lr_range.png")));
    assert(png.width > 1500);
  }));

Deno.test("find-lr --no-plots draws nothing", () =>
  withFolder(async (folder) => {
    const { files, stderr } = await findLr(folder, "--no-plots");
    assertEquals(files, ["lr_range.csv", "lr_range.json"], stderr);
  }));

Deno.test("find-lr --live refuses what is no port", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await findLr(folder, "--live", "70000");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--live: it must be a port from 0 to 65535");
  }));

Deno.test("find-lr --live says in a line that the port is taken", () =>
  withFolder(async (folder) => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr as Deno.NetAddr;
    const { code, stderr } = await findLr(folder, "--live", `${port}`);
    assertEquals(code, 1);
    const [line] = stderr.split("\n").filter((line) => line.includes("error"));
    assertStringIncludes(line, `error: Cannot open the live page`);
    assertStringIncludes(line, `127.0.0.1:${port}: AddrInUse`);
    assert(!stderr.includes("    at "), "an error without a stack");
  }));
