/** The table of docs/permissions.md: each program runs with just those. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { BadServer, BEHAVIOURS } from "./_bad_servers.ts";
import { hasAdapter } from "../backends/_adapter.ts";
import { withFolder } from "../_folder.ts";
import { outputOfDeno, type ProgramResult, runDeno } from "../_run.ts";

const ROOT = new URL("../../", import.meta.url);
const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "20", "--test-images", "10"],
];
const TRAINING = [
  ...SMALL,
  ...["--epochs", "1", "--batch-size", "10", "--no-plots", "--out", "OUT"],
];

/** The library's rows, each as a backend and whether it writes. */
const LIBRARY: { readonly [row: string]: readonly string[] } = {
  "the library on the CPU backend": ["cpu"],
  "the library on WASM": ["wasm"],
  "the library on WebGPU": ["webgpu"],
  "checkpoints, `saveCheckpoint`": ["cpu", "DIR"],
};

/** A short run of each program in the table. */
const ARGUMENTS: { readonly [program: string]: readonly string[] } = {
  "examples/custom_loop.ts": [],
  "examples/mnist.ts": [...SMALL, "--epochs", "1"],
  "examples/snapshot_ensemble.ts": [...SMALL, "--cycles", "2"],
  "examples/cifar10.ts": TRAINING,
  "examples/fashion_mnist.ts": [
    ...TRAINING,
    ...["--base-lr", "0.001", "--max-lr", "0.01"],
  ],
  "examples/paper.ts": ["--report", "--out", "OUT"],
  "examples/infer.ts": ["--help"],
  "src/find_lr.ts": [
    "tests/faults/_line_module.ts",
    ...["--backend", "cpu", "--iterations", "20", "--repeats", "1"],
    ...["--no-plots", "--out", "OUT"],
  ],
  "src/doctor.ts": [],
  "src/init.ts": ["DIR/new"],
};

async function run(
  program: string,
  {
    flags,
    out,
    args = ARGUMENTS[program],
    env = {},
  }: {
    readonly flags: readonly string[];
    readonly out: string;
    readonly args?: readonly string[];
    readonly env?: { readonly [name: string]: string };
  },
): Promise<ProgramResult> {
  const place = (text: string) => text.replace(/\b(OUT|DIR)\b/, out);
  return await runDeno([
    ...["run", "--no-prompt", "--no-check"],
    ...flags.map(place),
    program,
    ...args.map(place),
  ], { cwd: ROOT, env });
}

const page = await Deno.readTextFile(new URL("docs/permissions.md", ROOT));
const rows = [
  ...page.matchAll(/^\| `([\w/]+\.ts)` +\| (?:`([^`]+)`|none)/gm),
].map(([, program, flags]) => ({ program, flags: flags?.split(" ") ?? [] }));

const libraryRows = [
  ...page.matchAll(
    /^\| ((?:the library|checkpoints)[^|]*?) +\| (?:`([^`]+)`|none)/gm,
  ),
].map(([, row, flags]) => ({ row, flags: flags?.split(" ") ?? [] }));

Deno.test("docs/permissions.md names the permissions of the library", () => {
  assertEquals(libraryRows.map(({ row }) => row), Object.keys(LIBRARY));
});

for (const { row, flags } of libraryRows) {
  const [backend, folder] = LIBRARY[row];
  Deno.test({
    name: `${row} runs with ${flags.join(" ") || "no permission"} alone`,
    ignore: backend === "webgpu" && !await hasAdapter(),
    fn: () =>
      withFolder(async (out) => {
        const args = [backend, ...folder ? [folder] : []];
        const program = "tests/faults/_library.ts";
        const { code, stdout, stderr } = await run(program, {
          flags,
          out,
          args,
        });
        assertEquals(code, 0, stderr);
        assertMatch(stdout, new RegExp(`trained 4 on ${backend}`));
      }),
  });
  if (flags.length === 0) continue;
  Deno.test(`${row} says which permission it lacks`, () =>
    withFolder(async (out) => {
      const args = [backend, ...folder ? [folder] : []];
      const program = "tests/faults/_library.ts";
      const { code, stderr } = await run(program, { flags: [], out, args });
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /Requires (read|write) access to .*--allow-(read|write)/,
      );
    }));
}

Deno.test("docs/permissions.md names the permissions of every program", () => {
  assertEquals(
    rows.map(({ program }) => program).sort(),
    Object.keys(ARGUMENTS).sort(),
  );
});

for (const { program, flags } of rows) {
  Deno.test(`${program} runs with ${flags.join(" ") || "no permission"} alone`, () =>
    withFolder(async (out) => {
      const { code, stderr } = await run(program, { flags, out });
      // A range test so short, and untrained images, find no bounds.
      assert(code === 0 || code === 3, stderr);
    }));
}

Deno.test("a program says in a line which permission it lacks, and what for", () =>
  withFolder(async (out) => {
    const { code, stderr } = await run("examples/cifar10.ts", {
      flags: [
        "--allow-read",
      ],
      out,
    });
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /^error: Requires write access to .*--allow-write flag\. It is needed to write results and checkpoints, or keep downloads\.$/m,
    );
    assert(!stderr.includes("    at "), stderr);
  }));

const BESIDES =
  /`--live` needs `([^`]+)`.*?`(--allow-env[^`]+)`.*?`(--allow-net)`.*?`(--allow-write)`/s;

Deno.test("--live runs with what docs/permissions.md says it needs besides, and names it", () =>
  withFolder(async (out) => {
    const [, net] = BESIDES.exec(page)!;
    const { flags } = rows.find(({ program }) => program === "src/find_lr.ts")!;
    const args = [...ARGUMENTS["src/find_lr.ts"], "--live"];
    const seen = await run("src/find_lr.ts", {
      flags: [...flags, net],
      out,
      args,
    });
    assert(seen.code === 0 || seen.code === 3, seen.stderr);
    assertMatch(seen.stdout + seen.stderr, /http:\/\/127\.0\.0\.1:\d+/);
    const refused = await run("src/find_lr.ts", { flags, out, args });
    assertEquals(refused.code, 1, refused.stderr);
    assertMatch(refused.stderr, /^error: .*net access.*--allow-net/m);
  }));

Deno.test("a download runs with what docs/permissions.md says it needs besides", () =>
  withFolder(async (cache) => {
    const [, , env, net, write] = BESIDES.exec(page)!;
    await using server = new BadServer(
      BEHAVIOURS["answers as it should"].how,
    );
    const { denoDir } = JSON.parse(await outputOfDeno(["info", "--json"]));
    const { host } = new URL(server.url);
    const flags = [env, `${net}=${host}`, `${write}=${cache}`, "--allow-read"];
    const program = "tests/faults/_download_mnist.ts";
    type Place = { readonly [variable: string]: string };
    const places: readonly Place[] = [
      { XDG_CACHE_HOME: cache },
      { XDG_CACHE_HOME: "", HOME: cache },
    ];
    const download = (flags: readonly string[], place = places[0]) =>
      run(program, {
        flags,
        out: cache,
        args: [server.url],
        // Deno's own cache stays where it is.
        env: { ...place, DENO_DIR: denoDir },
      });
    for (const place of places) {
      const { stderr } = await download(flags, place);
      // The server's file is none of MNIST's, which is found out at its end.
      assertMatch(stderr, /md5/i);
    }
    for (const left of [env, net, write]) {
      const refused = await download(
        flags.filter((flag) => !flag.startsWith(left.split("=")[0])),
      );
      assertMatch(refused.stderr, /Requires (env|net|write) access/, left);
    }
  }));
