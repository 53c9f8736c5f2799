/**
 * Tries every link and every command of README and the pages: files and anchors
 * are there, what is published links to what is, and a program understands the
 * flags that a command gives it (as it is run with `--help` after them). Code
 * blocks are checked too, as `deno check --doc` does.
 *
 * ```sh
 * deno task ok:readme
 * ```
 */

import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** The programs of others that commands may name. */
const OTHERS = [
  ...[
    "brew",
    "bunx",
    "curl",
    "docker",
    "git",
    "kubectl",
    "npm",
    "npx",
    "python3",
  ],
  ...["sbatch", "tensorboard", "torchrun", "winget"],
];

/** What a document is checked against. */
export interface House {
  readonly exists: (path: string) => boolean;
  readonly read: (path: string) => string;
  /** Whether a file is in the package. */
  readonly isPublished: (path: string) => boolean;
  readonly tasks: { readonly [name: string]: string };
  /** The file of each entry point, by its name with the package's. */
  readonly entries: { readonly [specifier: string]: string };
}

/** The text without its code blocks, in which nothing is a link. */
function prose(text: string): string {
  return text.replace(/^( *)```[^]*?^\1```/gm, "");
}

/** The anchors that a forge gives to headings. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return Array.from(prose(text).matchAll(/^#{1,6} (.+)$/gm), ([, heading]) => {
    const slug = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** The links and pictures of a document, as it names them. */
function linksOf(text: string): string[] {
  const plain = prose(text).replace(/`[^`\n]*`/g, "``");
  return [
    ...Array.from(plain.matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link),
    ...Array.from(plain.matchAll(/^\[[^\]]+\]: (\S+)/gm), ([, link]) => link),
  ];
}

/** What is wrong with the links of a document. */
export function faultsOfLinks(document: string, house: House): string[] {
  const faults: string[] = [];
  const folder = document.slice(0, document.lastIndexOf("/") + 1);
  const text = house.read(document);
  for (const link of linksOf(text)) {
    // Others' pages are theirs to keep.
    if (/^(https?|mailto):/.test(link)) continue;
    const [file, anchor] = link.split("#");
    const path = file === "" ? document : normalize(folder + file);
    if (!house.exists(path)) {
      faults.push(`${document}: there is no ${link}`);
      continue;
    }
    if (house.isPublished(document) && !house.isPublished(path)) {
      faults.push(`${document}: ${link} is not published, and the page is`);
    }
    if (anchor && !anchorsOf(house.read(path)).includes(anchor)) {
      faults.push(`${document}: ${link} has no such heading`);
    }
  }
  return faults;
}

/** A path without its dots. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/").replace(/\/$/, "");
}

/** The commands of a document: lines of its shell blocks, and `deno …` in text. */
export function commandsOf(text: string): string[] {
  const blocks = Array.from(
    text.matchAll(/^( *)```sh\n([^]*?)^\1```/gm),
    ([, , block]) => block.replaceAll("\\\n", " "),
  );
  const lines = blocks.flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    .flatMap((line) => line.split("&&"));
  const inline = Array.from(
    prose(text).matchAll(/`(deno [^`]+)`/g),
    ([, command]) => command.replace(/\s+/g, " "),
  );
  return [...new Set([...lines, ...inline].map((line) => line.trim()))]
    .filter((line) => line !== "");
}

/** The words of a command as a shell has them: what is in quotes is one. */
function wordsOf(command: string): string[] {
  return Array.from(
    command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g),
    ([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
}

/** A program of the house and what a command gives it. */
export interface Call {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * What a command runs of this house, nothing where it runs another's program, or
 * what is wrong with it.
 */
export function callOf(
  command: string,
  house: House,
): Call | undefined | string {
  const [program, ...words] = wordsOf(command);
  if (program !== "deno") {
    const missing = words.find((word) =>
      word.startsWith("examples/") && !house.exists(word)
    );
    if (missing !== undefined) return `there is no ${missing}`;
    return [...OTHERS, "cd"].includes(program)
      ? undefined
      : `${program} is no program that is known here`;
  }
  const [subcommand, ...rest] = words;
  if (subcommand === "task") {
    const [name, ...args] = rest;
    const task = house.tasks[name];
    if (task === undefined) return `there is no task ${name}`;
    const [, file] = /^deno run (?:-\S+ )*([\w/.]+\.ts)$/.exec(task) ?? [];
    return file === undefined ? undefined : { file, args };
  }
  if (subcommand !== "run") return undefined;
  const at = rest.findIndex((word) => !word.startsWith("-"));
  const named = rest[at];
  // A flag of `deno run` that is spoken of.
  if (named === undefined) return undefined;
  const file = named.startsWith("jsr:")
    ? house.entries[named.slice("jsr:".length)]
    : named;
  // Where the reader's name goes in.
  if (/…|NAME/.test(named)) return undefined;
  if (file === undefined) return `${named} is not published`;
  const isOwn = named.startsWith("jsr:") || file.includes("/");
  if (!isOwn) return undefined;
  if (!house.exists(file)) return `there is no ${file}`;
  return { file, args: rest.slice(at + 1) };
}

/** The house as it stands. */
export function thisHouse(): House {
  const { name, exports, publish, tasks } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "deno.json")),
  );
  const published = (publish.include as string[]).map((glob) =>
    new RegExp(
      `^${
        glob.replace(/[.+]/g, "\\$&").replaceAll("**/*", "§")
          .replaceAll("*", "[^/]*").replaceAll("§", ".*")
      }$`,
    )
  );
  const entries = Object.entries(exports as Record<string, string>);
  return {
    exists: (path) => {
      try {
        Deno.statSync(join(ROOT, path));
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },
    read: (path) => Deno.readTextFileSync(join(ROOT, path)),
    // A folder is where something in it is.
    isPublished: (path) =>
      published.some((pattern) => pattern.test(path)) ||
      published.some((pattern) => pattern.test(`${path}/x`)),
    tasks: Object.fromEntries(
      Object.entries(tasks as Record<string, { command: string }>)
        .map(([task, { command }]) => [task, command]),
    ),
    entries: Object.fromEntries(
      entries.map(([entry, file]) => [
        name + entry.slice(1),
        file.slice("./".length),
      ]),
    ),
  };
}

/** The pages of a folder and those within it, from the root. */
function pagesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(join(ROOT, folder))).flatMap((
    { name, isDirectory },
  ) =>
    isDirectory
      ? pagesIn(`${folder}/${name}`)
      : name.endsWith(".md")
      ? [`${folder}/${name}`]
      : []
  ).sort();
}

/** The documents that are for people. */
function documents(): string[] {
  return [
    ...["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"],
    ...pagesIn("bench/results"),
    ...pagesIn("docs"),
  ];
}

async function deno(
  ...args: string[]
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stderr) + decoder.decode(stdout) };
}

/** README's example of a module for find-lr, in a file of its own. */
async function writeModule(house: House): Promise<string> {
  const [module] = Array.from(
    house.read("README.md").matchAll(/```ts\n([^]*?)```/g),
    ([, block]) => block,
  ).filter((block) => block.includes("export function createData"));
  // In the house, whose packages it names.
  const path = await Deno.makeTempFile({ dir: ROOT, suffix: ".ts" });
  await Deno.writeTextFile(path, module);
  return path;
}

if (import.meta.main) {
  const house = thisHouse();
  const faults = documents().flatMap((path) => faultsOfLinks(path, house));
  const links = documents().flatMap((path) => linksOf(house.read(path))).length;
  const module = await writeModule(house);
  let commands = 0;
  let calls = 0;
  try {
    const tried = new Set<string>();
    for (const document of documents()) {
      for (const command of commandsOf(house.read(document))) {
        commands++;
        const call = callOf(command, house);
        if (typeof call === "string") {
          faults.push(`${document}: ${command}: ${call}`);
        }
        if (typeof call !== "object") continue;
        // One that takes no flags would begin its work.
        if (!/runCommand|describeFlags/.test(house.read(call.file))) continue;
        const args = call.args.map((arg) =>
          arg === "./train.ts" ? module : arg
        );
        const line = [call.file, ...args].join(" ");
        if (tried.has(line)) continue;
        tried.add(line);
        calls++;
        const run = ["run", "-A", "--no-check", call.file, ...args, "--help"];
        const { success, text } = await deno(...run);
        if (!success) faults.push(`${document}: ${command}: ${text.trim()}`);
      }
    }
  } finally {
    await Deno.remove(module);
  }
  const checked = await deno("check", "--doc", ...documents());
  if (!checked.success) faults.push(checked.text);
  for (const fault of faults) console.error(fault);
  console.log(
    `${links} links and ${commands} commands, of which ${calls} were tried: ` +
      (faults.length === 0 ? "all is in order." : `${faults.length} faults.`),
  );
  Deno.exitCode = faults.length === 0 ? 0 : 1;
}
