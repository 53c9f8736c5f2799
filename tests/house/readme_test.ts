import { assertEquals } from "@std/assert";
import {
  anchorsOf,
  callOf,
  commandsOf,
  faultsOfLinks,
  type House,
  thisHouse,
} from "./readme.ts";

const FILES: { readonly [path: string]: string } = {
  "README.md": "# A, b: `c` and d!\n\n## E\n\n## E\n",
  "docs/page.md": "",
  "secret.md": "# Secret",
  "examples/a.ts": "",
  "src/b.ts": "",
};

const house = (texts: { readonly [path: string]: string } = {}): House => {
  const files = { ...FILES, ...texts };
  return {
    exists: (path) => path in files,
    read: (path) => files[path],
    isPublished: (path) => /^(README|docs\/)/.test(path),
    tasks: { a: "deno run -A examples/a.ts", test: "deno test -A" },
    entries: { "@clr/clr/b": "src/b.ts" },
  };
};

Deno.test("anchorsOf() names headings as forges do", () => {
  assertEquals(anchorsOf(FILES["README.md"]), ["a-b-c-and-d", "e", "e-1"]);
  assertEquals(anchorsOf("```sh\n# none\n```\n## Cycles’ ends\n"), [
    "cycles-ends",
  ]);
});

Deno.test("faultsOfLinks() finds files and headings that are not there, or not published", () => {
  const faultsOf = (text: string) =>
    faultsOfLinks("docs/page.md", house({ "docs/page.md": text }));
  const inOrder = [
    "[a](../README.md#e-1) [b](#here) ![c](page.md) <https://deno.com>",
    "## Here",
    "`[d](none.md)` [e](https://deno.com) [f][g]",
    "[g]: ../README.md",
    "```md\n[h](none.md)\n```",
  ].join("\n\n");
  assertEquals(faultsOf(inOrder), []);
  for (
    const [text, fault] of [
      ["[a](none.md)", "there is no none.md"],
      ["[a](../README.md#f)", "../README.md#f has no such heading"],
      ["[a](#b)", "#b has no such heading"],
      ["[a][b]\n\n[b]: none.md", "there is no none.md"],
      ["![a](none.svg)", "there is no none.svg"],
      ["[a](../secret.md)", "../secret.md is not published, and the page is"],
    ]
  ) assertEquals(faultsOf(text), [`docs/page.md: ${fault}`]);
});

Deno.test("commandsOf() takes lines of shell blocks and deno's commands in the text", () => {
  const text =
    "Run `deno task a`, or `deno`:\n\n```sh\n# why\ndeno run \\\n  x.ts # so\n" +
    "git clone X && cd X\n```\n\n   ```sh\n   npm i\n   ```\n\n```ts\n`deno no`\n```\n";
  assertEquals(commandsOf(text), [
    "deno run    x.ts",
    "git clone X",
    "cd X",
    "npm i",
    "deno task a",
  ]);
});

Deno.test("callOf() says which program a command runs, and what is wrong with it", () => {
  const cases: [string, ReturnType<typeof callOf>][] = [
    ["deno task a --b 1", { file: "examples/a.ts", args: ["--b", "1"] }],
    [`deno task a --b "1 of 2" --c='3 4'`, {
      file: "examples/a.ts",
      args: ["--b", "1 of 2", "--c=3 4"],
    }],
    ["deno run -A jsr:@clr/clr/b c", { file: "src/b.ts", args: ["c"] }],
    ["deno run --allow-read examples/a.ts", {
      file: "examples/a.ts",
      args: [],
    }],
    ["deno task test", undefined],
    ["deno add jsr:@clr/clr", undefined],
    ["git clone X", undefined],
    ["deno task none", "there is no task none"],
    ["deno run -A jsr:@clr/clr/none", "jsr:@clr/clr/none is not published"],
    ["deno run -A examples/none.ts", "there is no examples/none.ts"],
    ["sbatch examples/none.sbatch", "there is no examples/none.sbatch"],
    ["gti clone X", "gti is no program that is known here"],
  ];
  for (const [command, call] of cases) {
    assertEquals(callOf(command, house()), call);
  }
});

Deno.test("thisHouse() knows what is published", () => {
  const { isPublished } = thisHouse();
  const published = [
    "README.md",
    "docs/onnx.md",
    "docs/training.svg",
    "mod.ts",
  ];
  const others = [
    "deno.lock",
    "docs.md",
    "examples/cifar10.ts",
    "tests/_run.ts",
  ];
  assertEquals(published.map(isPublished), published.map(() => true));
  assertEquals(others.map(isPublished), others.map(() => false));
});
