/**
 * Runs tfjs-core's own tests on the CPU backend and on WebGPU under Deno (the
 * software adapter will do), and prints every spec that passes on CPU and not
 * on WebGPU, by reason. Fails if one has no known reason.
 *
 * Run it with `deno task sweep:webgpu`.
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

/** What tfjs's WebGPU backend does not do, by spec and by what it says. */
const LIMITS: [reason: string, spec: RegExp, message: RegExp][] = [
  ["has no kernel for it", /./, /Kernel '\w+' not registered/],
  [
    "refuses indices out of range, where the spec expects zeros",
    /gather: fills with zero when index is out of bound/,
    /Cannot run GatherV2 as indices into/,
  ],
  [
    "disposes of a momentum optimizer's rate, which the spec counts as left",
    /MomentumOptimizer: basic/,
    /Expected 6 to be 7/,
  ],
  ["has no pixels of a canvas to read", /from_pixels.*mock canvas/, /./],
  [
    "computes trigonometric functions of huge numbers as its driver likes",
    /tan_test.*numbers exceed float32 precision/,
    /./,
  ],
  [
    "divides a mean's gradient by what its window covers, and not by the window",
    /avgPool: gradient x=\[3,3,1\] f=\[3,3\] s=1 p=explicit/,
    /./,
  ],
  [
    "pools by windows of one pixel where they lie, where the spec expects the input",
    /pool: (max|avg) x=\[2,2,3\] f=\[1,1\] s=2 p=1 fractional/,
    /./,
  ],
  [
    "has a gradient of dilated convolutions, where the spec expects none",
    /depthwiseConv2d gradients: throws error on dilations > 1/,
    /./,
  ],
  [
    "has a gradient of logical functions, where the spec expects none",
    /gradients: errors if relevant ops are missing grads/,
    /./,
  ],
  [
    "adds up the gradients of mirrored values, which the spec leaves out",
    /mirrorPad: grad/,
    /./,
  ],
];

const cpu = await run("cpu", "without-kernels");
const webgpu = await run("webgpu", "with-kernels");

const names = Object.keys(webgpu.specs);
const passing = names.filter((spec) => webgpu.specs[spec] === "passed");
const failing = names.filter((spec) =>
  webgpu.specs[spec] !== "passed" && cpu.specs[spec] === "passed"
);
console.log(
  `${webgpu.files.length} test files of tfjs-core, ${names.length} specs: ` +
    `${passing.length} pass on WebGPU, ${failing.length} pass only on CPU`,
);

const unknown = "for no known reason";
const groups = Map.groupBy(failing, (spec) => {
  const message = webgpu.specs[spec];
  return LIMITS.find(([, name, text]) => name.test(spec) && text.test(message))
    ?.[0] ?? unknown;
});
for (const [reason, specs] of groups) {
  console.log(`\nWebGPU ${reason} (${specs.length}):`);
  for (const spec of specs) {
    const [line] = webgpu.specs[spec].split("\n");
    console.log(`  ${spec}\n      ${line.slice(0, 100)}`);
  }
}
if (groups.has(unknown)) Deno.exit(1);
