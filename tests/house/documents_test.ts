import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, ROOT)).then(() => true, () => false);
}

const pages = Array.from(Deno.readDirSync(new URL("docs", ROOT)))
  .filter(({ name }) => name.endsWith(".md"))
  .map(({ name }) => `docs/${name}`);

for (
  const document of [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    ...pages,
  ]
) {
  Deno.test(`${document} names files and tasks that are there`, async () => {
    const text = await Deno.readTextFile(new URL(document, ROOT));
    const missing: string[] = [];
    for (const [, path] of text.matchAll(/`([\w.]+\/[\w./]*)`/g)) {
      // A name in capitals stands for one's own.
      if (/[A-Z]{4}/.test(path) || path.startsWith("output/")) continue;
      const found = await Promise.all(
        ["", "src/", "tests/"].map((folder) => exists(folder + path)),
      );
      if (!found.includes(true)) missing.push(path);
    }
    const { tasks } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", ROOT)),
    );
    for (const [, task] of text.matchAll(/deno task ([\w:-]+)/g)) {
      if (!Object.hasOwn(tasks, task)) missing.push(`deno task ${task}`);
    }
    assertEquals(missing, []);
  });
}
