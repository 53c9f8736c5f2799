/** What is given where something else must be, to what programs share. */

import { assertEquals, assertRejects } from "@std/assert";
import { LearningRateRange } from "@clr/clr";
import * as command from "@clr/clr/command";
import {
  type Anything,
  type Call,
  each,
  rawErrors,
  takenInSilence,
} from "../runtime/_odd_values.ts";

const range = LearningRateRange.fromCurve([0.1, 0.2, 0.4], [3, 2, 1]);
const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});

/** A folder of the test's own where any text is a path. */
const within = (path: unknown, name = "one") =>
  typeof path === "string" && path !== "" ? `${folder}/${name}/${path}` : path;

const KINDS = ["number", "integer", "numbers", "text", "choice", "switch"];
const FLAG = { kind: "text", help: "a folder", choices: ["a"] };

async function quietly(main: () => Promise<void>): Promise<void> {
  const { log } = console;
  console.log = () => {};
  try {
    await main();
  } finally {
    console.log = log;
    Deno.exitCode = 0;
  }
}

const COMMAND = {
  summary: "Trains.",
  usage: "train",
  flags: {},
  main: () => 0,
};
const run = (given: Anything, args: Anything = []) =>
  quietly(() => command.runCommand(given, args));

const withBar = (
  options: Anything,
  use: (bar: command.ProgressBar) => void = () => {},
  texts: Anything = {},
) => {
  const bar = new command.ProgressBar(options, texts);
  try {
    use(bar);
  } finally {
    bar.stop();
  }
};
const BAR = { format: "{bar}", total: 3 };

const CALLS: Record<string, readonly Call[]> = {
  flags: [
    ["describeFlags", (value) => command.describeFlags(value)],
    ["a flag", (value) => command.describeFlags({ a: value })],
    ...KINDS.flatMap((kind) =>
      each(
        "kind help value default min max above below optional choices",
        (flag) => {
          command.describeFlags({ a: flag });
          command.parseFlags({ a: flag }, []);
        },
        { ...FLAG, kind },
      )
    ),
    ["parseFlags", (value) => command.parseFlags(value, [])],
    ["args", (value) => command.parseFlags({}, value)],
    ["an argument", (value) => command.parseFlags({}, [value])],
    ["its options", (value) => command.parseFlags({}, [], value)],
    ...each(
      "positional",
      (options) => command.parseFlags({}, ["x"], options),
    ),
    ["livePort", (value) => command.livePort(value)],
    ["checkLivePort", (value) => command.checkLivePort(value)],
    ["openLivePage", async (value) => {
      await (await command.openLivePage(value, {}))?.close();
    }],
    ["its options", async (value) => {
      await (await command.openLivePage("", value))?.close();
    }],
    ["taskIndex", (value) => command.taskIndex(value)],
    ["count", (value) => command.taskIndex(1, value)],
  ],
  runs: [
    ["runCommand", (value) => run(value)],
    ...each("summary usage flags positional main expected", run, COMMAND),
    ["args", (value) => run(COMMAND, value)],
    ["a status", (value) => run({ ...COMMAND, main: () => value })],
    ["Interrupt", (value) => {
      using _ = new command.Interrupt(value);
    }],
    ["loadInterruptibly", (value) => command.loadInterruptibly(value)],
    ["RangeProgress", (value) => new command.RangeProgress().show(value)],
    ["ProgressBar", (value) => withBar(value)],
    ...each("format total value width clears", (given) => withBar(given), BAR),
    ["texts", (value) => withBar(BAR, undefined, value)],
    ["update", (value) => withBar(BAR, (bar) => bar.update(value))],
    ["update texts", (value) => withBar(BAR, (bar) => bar.update(1, value))],
    ["update total", (value) => {
      withBar(BAR, (bar) => bar.update(1, {}, value));
    }],
  ],
  texts: [
    ["markdownTable", (value) => command.markdownTable(value)],
    ["a row", (value) => command.markdownTable([value])],
    ["a cell", (value) => command.markdownTable([["a", value]])],
    ["meantName", (value) => command.meantName(value, ["a"])],
    ["names", (value) => command.meantName("abc", value)],
    ["a name", (value) => command.meantName("abc", [value])],
    ["wrap", (value) => command.wrap(value, 20)],
    ["width", (value) => command.wrap("a b", value)],
    ["measure", (value) => command.wrap("a b", 20, value)],
    ["systemCode", (value) => command.systemCode(value)],
  ],
  files: [
    ["writeFile", (value) => command.writeFile(within(value) as string, "x")],
    ["data", (value) => command.writeFile(`${folder}/data`, value)],
    ["writeAll", (value) => command.writeAll(value, new Uint8Array(1))],
    ["all data", async (value) => {
      using file = await Deno.create(`${folder}/all`);
      await command.writeAll(file, value);
    }],
    ["newLogFolder", (value) => command.newLogFolder(value)],
    ["lockFolder", async (value) => {
      using _ = await command.lockFolder(within(value) as string, { by: "x" });
    }],
    ["its options", async (value) => {
      using _ = await command.lockFolder(`${folder}/lock`, value);
    }],
    ...each("by flag name", async (options) => {
      using _ = await command.lockFolder(`${folder}/lock`, options);
    }, { by: "a test" }),
    [
      "writeRangeFiles",
      (value) =>
        command.writeRangeFiles(within(value, "files") as string, range, {
          origin: "a test",
          plots: false,
        }),
    ],
    [
      "a range",
      (value) =>
        command.writeRangeFiles(folder, value, { origin: "", plots: false }),
    ],
    ...each(
      "name origin plots details",
      (options) => command.writeRangeFiles(folder, range, options),
      { origin: "a test", plots: false },
    ),
  ],
};

for (const [part, calls] of Object.entries(CALLS)) {
  Deno.test(`${part} take what they are given or say what it must be`, async () => {
    assertEquals(await rawErrors(calls), []);
  });
}

Deno.test("Files are written of text and bytes alone", async () => {
  const calls = CALLS.files.filter(([name]) => name.endsWith("data"));
  assertEquals(
    await takenInSilence(calls, (value) => typeof value === "string"),
    // The bytes of a text are not known; what writes them takes bytes.
    [],
  );
});

Deno.test("A command that returns no status is told so", async () => {
  await assertRejects(
    () => run({ ...COMMAND, main: () => {} }),
    TypeError,
    "Cannot end the program as main must return an exit status from 0 to 255: current value is undefined",
  );
});
