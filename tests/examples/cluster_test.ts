import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { parse } from "yaml";
import { FLAGS, tasksOf } from "../../examples/paper.ts";
import { parseFlags } from "../../src/command/parse_flags.ts";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";

const CLUSTER = new URL("../../examples/cluster/", import.meta.url);
const read = (name: string) => Deno.readTextFile(new URL(name, CLUSTER));

/** As many tasks as the arguments of a recipe select. */
function countTasks(args: readonly string[]): number {
  const values = parseFlags(FLAGS, args);
  assert(Number.isNaN(values["task-index"]), "the index is not read");
  return tasksOf(values.row!, values).length;
}

Deno.test("paper.sbatch has a task for each row that it runs", async () => {
  const script = await read("paper.sbatch");
  const [, last] = /--array=0-(\d+)/.exec(script)!;
  const [, command] = /^exec deno run -A examples\/paper\.ts ([^]*)"\$@"$/m
    .exec(script)!;
  const args = command.replace('"$SLURM_CPUS_PER_TASK"', "1")
    .split(/[\s\\]+/).filter(Boolean);
  assertEquals(countTasks(args), Number(last) + 1);
});

Deno.test("paper_job.yaml has a completion for each row that it runs", async () => {
  const { spec } = parse(await read("paper_job.yaml"));
  assertEquals(spec.completionMode, "Indexed");
  const [container] = spec.template.spec.containers;
  assertEquals(countTasks(container.args), spec.completions);
});

Deno.test({
  name:
    "paper.ts as the tasks of an array: one is killed and taken up again, and the report has all",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (out) => {
      const flags = [
        ...["--row", "own-mnist", "--seeds", "2", "--scale", "0.01"],
        ...["--data", "synthetic"],
        ...["--train-images", "400", "--test-images", "100"],
        ...["--backend", "wasm", "--threads", "1", "--out", out],
      ];
      const count = 2;
      const start = (index: number) =>
        new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "-A",
            fromFileUrl(new URL("../paper.ts", CLUSTER)),
            ...[...flags, "--task-index"],
          ],
          env: { JOB_COMPLETION_INDEX: String(index), NO_COLOR: "1" },
          stdout: "piped",
          stderr: "inherit",
        }).spawn();

      const killed = start(0);
      let said = "";
      // A part of the run is trained, and saved.
      for await (
        const text of killed.stdout.pipeThrough(new TextDecoderStream())
      ) {
        said += text;
        if (/test accuracy/.test(said)) break;
      }
      killed.kill("SIGKILL");
      assertEquals((await killed.status).success, false);

      const texts: string[] = [];
      for (let index = 0; index < count; index++) {
        const { success, stdout } = await start(index).output();
        assert(success);
        texts.push(new TextDecoder().decode(stdout));
      }
      assertStringIncludes(texts[0], "goes on from iteration");
      assertStringIncludes(texts[1], `task 1 of ${count}`);

      const { code } = await runProgram(
        "examples/paper.ts",
        ...["--report", "--out", out],
      );
      assertEquals(code, 0);
      const [ran] = (await Deno.readTextFile(`${out}/report.md`))
        .split("## Not run");
      // The mean of both, and how many there are.
      assert(/\| own-mnist-triangular \|.* ± .*\| 1, 2 \|/.test(ran), ran);
    }),
});

Deno.test("export_schedule.ts says in a line what it cannot read, and writes nothing", () =>
  withFolder(async (folder) => {
    const [text, python] = [`${folder}/range.json`, `${folder}/schedule.py`];
    await Deno.writeTextFile(text, "lr,loss");
    for (
      const [args, code, message] of [
        [[], 2, "Name a range, epochs and a file"],
        [[text, "many", python], 2, "Cannot read EPOCHS"],
        [[text, "8", python], 1, "Cannot read a learning-rate range"],
        [[`${folder}/none.json`, "8", python], 1, "none.json"],
      ] as const
    ) {
      const run = await runProgram(
        "examples/cluster/export_schedule.ts",
        ...args,
      );
      assertEquals([run.code, run.stdout], [code, ""]);
      assertStringIncludes(run.stderr, message);
      assert(!run.stderr.includes("    at "), run.stderr);
    }
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));
