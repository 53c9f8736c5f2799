/** The package as Node and Bun get it, and the two to try it in. */

import { fromFileUrl, join } from "@std/path";
import denoJson from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);
/** Where `.ci/run` installs both. */
const INSTALLED = fromFileUrl(new URL(".ci/runtimes/node_modules/", ROOT));

/** The oldest Node that is claimed. */
const OLDEST_NODE = 22;

/** A runtime other than Deno. */
export interface Runtime {
  readonly name: "Node" | "Bun";
  /** Its program; undefined where it is not installed. */
  readonly path: string | undefined;
}

async function output(
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new Error(
    `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
  );
}

/** The first of `paths` that is a program of at least that version. */
async function findProgram(
  paths: readonly string[],
  oldest: number,
): Promise<string | undefined> {
  for (const path of paths) {
    const version = await output(path, ["--version"]).catch(() => "");
    const [major] = version.trim().replace("v", "").split(".");
    if (Number(major) >= oldest) return path;
  }
}

/** Node and Bun: those of `.ci/run`, or those of the path. */
export const runtimes: readonly Runtime[] = [
  {
    name: "Node",
    path: await findProgram(
      [join(INSTALLED, "node/bin/node"), "node"],
      OLDEST_NODE,
    ),
  },
  {
    name: "Bun",
    path: await findProgram([join(INSTALLED, "bun/bin/bun.exe"), "bun"], 1),
  },
];

/** A project that has the package in its `node_modules`. */
export interface NpmProject {
  /** Runs a module of this folder with a runtime, and gives what it printed. */
  run(
    runtime: string,
    module: string,
    ...args: readonly string[]
  ): Promise<string>;
  /** Writes a module and runs it. */
  runText(runtime: string, text: string): Promise<string>;
  /** Where it lies. */
  readonly folder: string;
}

/**
 * Makes the package with `deno pack`, which leaves out types as JSR's npm layer
 * does, and installs what it needs from Deno's own store.
 */
export async function npmProject(folder: string): Promise<NpmProject> {
  const { imports } = denoJson;
  const packages = Object.entries(imports)
    .filter(([, address]) => address.startsWith("npm:"));
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({
      imports: Object.fromEntries(packages),
      nodeModulesDir: "auto",
    }),
  );
  await Deno.writeTextFile(
    join(folder, "package.json"),
    JSON.stringify({ type: "module" }),
  );
  await Deno.copyFile(new URL("deno.lock", ROOT), join(folder, "deno.lock"));
  await output(Deno.execPath(), ["install", "--cached-only"], folder);
  const packed = join(folder, "clr.tgz");
  await output(Deno.execPath(), [
    ...["pack", "--allow-dirty", "--allow-slow-types", "--no-source-maps"],
    ...["--output", packed],
  ], fromFileUrl(ROOT));
  const own = join(folder, "node_modules/@clr/clr");
  await Deno.mkdir(own, { recursive: true });
  await output("tar", ["xzf", packed, "--strip-components=1", "-C", own]);
  // What of JSR's own would come from its npm registry: the stand-ins.
  for (const member of ["cli", "path"]) {
    const { exports, name } = JSON.parse(
      await Deno.readTextFile(new URL(`std/${member}/deno.json`, ROOT)),
    );
    const place = join(folder, "node_modules", name);
    await Deno.mkdir(join(folder, "node_modules/@std"), { recursive: true });
    await Deno.rename(join(own, "std", member), place);
    await Deno.writeTextFile(
      join(place, "package.json"),
      JSON.stringify({ name, type: "module", exports })
        .replaceAll('.ts"', '.js"'),
    );
  }

  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (!name.startsWith("_")) continue;
    await Deno.copyFile(new URL(name, import.meta.url), join(folder, name));
  }
  let written = 0;
  return {
    folder,
    run: (runtime, module, ...args) =>
      output(runtime, [join(folder, module), ...args], folder),
    async runText(runtime, text) {
      const path = join(folder, `module_${written++}.ts`);
      await Deno.writeTextFile(path, text);
      return await output(runtime, [path], folder);
    },
  };
}
