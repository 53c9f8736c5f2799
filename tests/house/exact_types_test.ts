import { assertEquals } from "@std/assert";
import { withFolder } from "../_folder.ts";
import { runDeno } from "../_run.ts";

/**
 * A program in TypeScript's strictest settings: what one function gives, which
 * may be undefined, is what another takes.
 */
const PROGRAM = `
import { findLearningRate, type LearningRateRange } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { BACKEND_FLAGS, runCommand, taskIndex, TASK_FLAGS } from "@clr/clr/command";
import { diagnoseGpu, linuxHardware, openNvml, vulkanDevices } from "@clr/clr/devices";
import { planCycles } from "@clr/clr/schedules";

const flags = {
  ...BACKEND_FLAGS,
  ...TASK_FLAGS,
  "start-lr": { kind: "number", help: "the first rate" },
} as const;
await runCommand({ summary: "", usage: "", flags, async main(values) {
  await selectBackend(values);
  const index: number | undefined = taskIndex(values["task-index"]);
  console.log(index);
  const range = await findLearningRate({} as never, {} as never, {
    startLr: values["start-lr"],
  });
  console.log(planOf(range).stepSize);
  return 0;
} });

function planOf({ batchesPerEpoch }: LearningRateRange) {
  return planCycles({ batchesPerEpoch, epochs: 6 });
}

using nvml = openNvml();
const facts = { os: Deno.build.os, webgpu: [], vulkan: vulkanDevices(), nvml };
diagnoseGpu({ ...facts, hardware: linuxHardware() });
`;

Deno.test("Programs that check exact optional properties can hand on what they are given", async () => {
  await withFolder(async (folder) => {
    const root = new URL("../../", import.meta.url);
    const own = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const at = (path: string) => new URL(path, root).href;
    const entries = Object.entries<string>(own.exports).map(([name, path]) =>
      ["@clr/clr" + name.slice(1), at(path)] as const
    );
    const stands = {
      "@std/assert": at("std/assert/mod.ts"),
      "@std/cli/parse-args": at("std/cli/parse_args.ts"),
      "@std/path": at("std/path/mod.ts"),
    };
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({
        imports: { ...own.imports, ...Object.fromEntries(entries), ...stands },
        lock: false,
        compilerOptions: {
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
        },
      }),
    );
    await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
    const { stderr } = await runDeno(["check", "program.ts"], { cwd: folder });
    // Those of the package itself, which is checked as its own settings are.
    const errors = stderr.split("\n\n")
      .filter((error) => error.includes("program.ts:"));
    assertEquals(errors, []);
  });
});
