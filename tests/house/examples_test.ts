/**
 * Each example can be copied out of the repository: it runs alone in an empty
 * project that has the package, with the folders beside it that it names.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { encode } from "fast-png";
import { withFolder } from "../_folder.ts";
import { outputOfDeno } from "../_run.ts";

const ROOT = new URL("../../", import.meta.url);

const manifest: {
  readonly version: string;
  readonly imports: { readonly [name: string]: string };
} = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));

/** What a module imports, as it says it. */
function importsOf(text: string): string[] {
  return Array.from(text.matchAll(/(?:from|import) "([^"]+)"/g), (m) => m[1]);
}

/** The folders that an example names, by one file or another of them. */
async function foldersOf(example: string): Promise<string[]> {
  const named = new Set<string>();
  const look = async (file: URL): Promise<void> => {
    for (const specifier of importsOf(await Deno.readTextFile(file))) {
      const url = new URL(specifier, file);
      const path = url.href.slice(new URL("examples/", ROOT).href.length);
      if (!specifier.startsWith(".") || named.has(path)) continue;
      named.add(path);
      await look(url);
    }
  };
  await look(new URL(`examples/${example}`, ROOT));
  return [...new Set(Array.from(named, (path) => path.split("/")[0]))];
}

/**
 * Copies an example with its folders into `project`, and says there where the
 * package is and which packages of others they name.
 */
async function copyOut(example: string, project: string): Promise<void> {
  await Deno.copyFile(
    new URL(`examples/${example}`, ROOT),
    join(project, example),
  );
  const texts = [await Deno.readTextFile(join(project, example))];
  for (const folder of await foldersOf(example)) {
    await Deno.mkdir(join(project, folder));
    const from = new URL(`examples/${folder}/`, ROOT);
    for await (const { name } of Deno.readDir(from)) {
      await Deno.copyFile(new URL(name, from), join(project, folder, name));
      texts.push(await Deno.readTextFile(new URL(name, from)));
    }
  }
  const packages = new Set(
    texts.flatMap(importsOf).filter((specifier) =>
      specifier in manifest.imports
    ),
  );
  const imports = {
    "@clr/clr": `jsr:@clr/clr@^${manifest.version}`,
    ...Object.fromEntries(
      Array.from(packages, (name) => [name, manifest.imports[name]]),
    ),
  };
  const config = { imports, links: [fromFileUrl(ROOT)], lock: false };
  await Deno.writeTextFile(join(project, "deno.json"), JSON.stringify(config));
}

/** What an example prints that was copied into a project and run there. */
async function runAlone(
  example: string,
  project: string,
  args: readonly string[],
): Promise<string> {
  await copyOut(example, project);
  return await outputOfDeno(["run", "-A", example, ...args], { cwd: project });
}

const TINY = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "40", "--test-images", "10", "--batch-size", "10"],
];

const EXAMPLES: {
  readonly [example: string]: { args: readonly string[]; prints: string };
} = {
  "custom_loop.ts": { args: [], prints: "after 200 steps" },
  "fashion_mnist.ts": {
    args: [...TINY, "--epochs", "1", "--base-lr", "0.001", "--max-lr", "0.01"],
    prints: "Test accuracy",
  },
  "mnist.ts": {
    args: [...TINY, "--train-images", "1000", "--epochs", "1"],
    prints: "Test error",
  },
  "paper.ts": { args: ["--list"], prints: "table1-triangular2" },
  "snapshot_ensemble.ts": {
    args: [...TINY, "--cycles", "2"],
    prints: "average of the last 2",
  },
};

for (const [example, { args, prints }] of Object.entries(EXAMPLES)) {
  Deno.test(`${example} runs where it was copied to`, () =>
    withFolder(async (project) => {
      assertStringIncludes(await runAlone(example, project, args), prints);
    }));
}

Deno.test("cifar10.ts and infer.ts run where they were copied to", () =>
  withFolder(async (project) => {
    const [training, inference] = [join(project, "a"), join(project, "b")];
    await Deno.mkdir(training);
    await Deno.mkdir(inference);
    const args = [...TINY, "--epochs", "1", "--onnx", "--no-plots"];
    const trained = await runAlone("cifar10.ts", training, args);
    assertStringIncludes(trained, "Test accuracy");
    const image = encode({
      width: 32,
      height: 32,
      channels: 3,
      data: new Uint8Array(32 * 32 * 3).fill(128),
    });
    await Deno.writeFile(join(inference, "grey.png"), image);
    const model = join(training, "output/cifar10/model.onnx");
    const classified = await runAlone("infer.ts", inference, [
      model,
      "grey.png",
    ]);
    assertStringIncludes(classified, "grey.png");
  }));

Deno.test("every example is tried", async () => {
  const tried = [...Object.keys(EXAMPLES), "cifar10.ts", "infer.ts"].sort();
  const examples: string[] = [];
  for await (const { name } of Deno.readDir(new URL("examples/", ROOT))) {
    if (name.endsWith(".ts")) examples.push(name);
  }
  assertEquals(examples.sort(), tried);
});
