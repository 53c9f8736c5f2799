/**
 * Runs tfjs-core's own tests on the CPU backend, on WASM as tfjs ships it and
 * on WASM with the training kernels, and prints what was run and every spec
 * that passes on CPU and not on WASM with its reason. Fails if the training
 * kernels break a spec that passes without them, or if one that they answer for
 * fails.
 *
 * Run it with `deno task sweep:wasm`.
 */

import { fromFileUrl } from "@std/path";
import type { CoreTestRun } from "./_core_tests.ts";

async function run(backend: string, kernels: string): Promise<CoreTestRun> {
  const program = fromFileUrl(new URL("_core_tests.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", program, backend, kernels],
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
}

/** What the WASM backend of tfjs does not do, by what a failure says. */
const limits: [reason: string, pattern: RegExp][] = [
  ["complex numbers", /'(Complex|Real|Imag|FFT|IFFT|ComplexAbs)' not reg/],
  ["ragged tensors", /'Ragged\w+' not reg/],
  ["string tensors", /'StaticRegexReplace' not reg|dtype (is )?string/],
  ["channels first", /dataFormat|NCHW/i],
  ["drawing", /'Draw' not reg/],
];

/** What tfjs's specs expect and mathematics does not, by name. */
const disagreements: Readonly<Record<string, string>> = {
  "avgPool: gradient x=[3,3,1] f=[3,3] s=1 p=explicit":
    "divides the gradient by the whole window, where the pooling divided by what it covered",
  "pool: max x=[2,2,3] f=[1,1] s=2 p=1 fractional":
    "takes windows of one pixel for the input, though most lie on padding",
  "pool: avg x=[2,2,3] f=[1,1] s=2 p=1 fractional":
    "takes windows of one pixel for the input, though most lie on padding",
  "depthwiseConv2d gradients: throws error on dilations > 1":
    "expects no gradient of a dilated convolution, which there is now",
  "MomentumOptimizer: basic":
    "counts a momentum optimizer's rate as left, which is disposed of now",
  "gradients: errors if relevant ops are missing grads":
    "expects no gradient of a logical function, which there is now",
  "mirrorPad: grad": "leaves out the gradients of the mirrored values",
  "mirrorPad: gradient with clones":
    "leaves out the gradients of the mirrored values",
};

function disagreementOf(spec: string): string | undefined {
  return Object.entries(disagreements).find(([name]) => spec.includes(name))
    ?.[1];
}

function reasonOf(message: string): string | undefined {
  return limits.find(([, pattern]) => pattern.test(message))?.[0];
}

function firstLine(message: string): string {
  return message.split("\n")[0].slice(0, 100);
}

const [cpu, stock, trained] = await Promise.all([
  run("cpu", "without-kernels"),
  run("wasm", "without-kernels"),
  run("wasm", "with-kernels"),
]);

function passed({ specs }: CoreTestRun): number {
  return Object.values(specs).filter((result) => result === "passed").length;
}

console.log(`Test files of tfjs-core that were run (${trained.files.length}):`);
for (const file of trained.files) console.log(`  ${file}`);
for (const [file, reason] of Object.entries(trained.skipped)) {
  console.log(`  not run: ${file} (${reason})`);
}
const total = Object.keys(trained.specs).length;
console.log(`
Specs that pass, of ${total}:
  CPU backend                     ${passed(cpu)}
  WASM backend as tfjs ships it   ${passed(stock)}
  WASM with the training kernels  ${passed(trained)}
`);

const failing = Object.entries(trained.specs).filter(([spec, result]) =>
  result !== "passed" && cpu.specs[spec] === "passed"
);
const groups = Map.groupBy(failing, ([spec, result]) => {
  const disagreement = disagreementOf(spec);
  if (disagreement) return `tfjs's spec ${disagreement}`;
  const limit = reasonOf(result);
  if (limit) return `WASM has no ${limit}`;
  if (stock.specs[spec] === "passed") return "BROKEN by the training kernels";
  return "WASM differs from CPU by itself";
});
for (const [group, specs] of [...groups].sort()) {
  console.log(`${group} (${specs.length}):`);
  for (const [spec, result] of specs) {
    console.log(`  ${spec}\n      ${firstLine(result)}`);
  }
}

const broken = failing.filter(([spec]) =>
  stock.specs[spec] === "passed" &&
  disagreementOf(spec) === undefined
);
if (broken.length > 0) {
  console.error(`${broken.length} specs pass only without the kernels`);
  Deno.exit(1);
}
