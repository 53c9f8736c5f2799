/** Every program says in the same way what it is for and which release it is of. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "@clr/clr/command";
import { fromFileUrl } from "@std/path";
import { runProgram } from "../_run.ts";

const ROOT = new URL("../../", import.meta.url);

/** The programs in a folder, by what they are run with. */
function programsIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))]
    .filter(({ isFile, name }) => isFile && name.endsWith(".ts"))
    .map(({ name }) => `${folder}${name}`)
    .filter((path) =>
      /^(if \(import\.meta\.main\)|await (runCommand|exitWith))/m.test(
        Deno.readTextFileSync(new URL(path, ROOT)),
      )
    );
}

const PUBLISHED = programsIn("src/");
const EXAMPLES = ["", "browser/", "cluster/"].flatMap((folder) =>
  programsIn(`examples/${folder}`)
);
const BENCHES = ["", "backends/", "finder/zoo/", "gpu/", "plots/"]
  .flatMap((folder) => programsIn(`bench/${folder}`));

/** What stands before the flags, a summary and a usage first. */
const LAYOUT =
  /^\S.*\.\n\ndeno (run|task) \S.*\n\n([A-Z][^]*?\n\n)?( {2}--\S[^]*\n)? {2}--help +show this\n$/;

Deno.test("the programs of each folder are found", () => {
  assertEquals(PUBLISHED.sort(), [
    "src/doctor.ts",
    "src/find_lr.ts",
    "src/init.ts",
  ]);
  for (const name of ["cifar10", "browser/build", "cluster/export_schedule"]) {
    assert(EXAMPLES.includes(`examples/${name}.ts`), name);
  }
});

for (const program of [...PUBLISHED, ...EXAMPLES, ...BENCHES]) {
  Deno.test(`${program} --help has the layout of all, in 80 columns`, async () => {
    const { code, stdout, stderr } = await runProgram(program, "--help");
    assertEquals(code, 0, stderr);
    assertMatch(stdout, LAYOUT);
    // A word that is longer has a line of its own.
    const long = stdout.split("\n").filter((line) =>
      line.length > 80 && /\S\s+\S/.test(line)
    );
    assertEquals(long, []);
    const short = await runProgram(program, "-h");
    assertEquals([short.code, short.stdout], [0, stdout]);
  });
}

for (const program of [...PUBLISHED, ...EXAMPLES]) {
  Deno.test(`${program} --version says the release, and what it does not know is refused`, async () => {
    const { code, stdout } = await runProgram(program, "--version");
    assertEquals([code, stdout], [0, `@clr/clr ${VERSION}\n`]);
    const module = fromFileUrl(new URL("examples/mnist.ts", ROOT));
    const before = program === "src/find_lr.ts" ? [module] : [];
    const refused = await runProgram(program, ...before, "--no-such-flag");
    assertEquals([refused.code, refused.stdout], [2, ""]);
    assertMatch(refused.stderr, /^Unknown flag "--no-such-flag"/m);
  });
}
