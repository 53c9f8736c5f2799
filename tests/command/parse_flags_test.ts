import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseFlags } from "../../src/command/parse_flags.ts";
import { UsageError } from "../../src/command/usage_error.ts";

const FLAGS = {
  rate: { kind: "number", above: 0, help: "a rate" },
  count: { kind: "integer", min: 1, max: 9, default: 3, help: "a count" },
  mode: { kind: "choice", choices: ["a", "b"], default: "a", help: "a mode" },
  out: { kind: "text", default: "x", value: "DIR", help: "a folder" },
  live: { kind: "text", optional: true, value: "[PORT]", help: "a page" },
  plots: { kind: "switch", default: true, help: "draws" },
  help: { kind: "switch", help: "show this" },
} as const;

Deno.test("parseFlags() fills defaults and reads every kind", () => {
  assertEquals(parseFlags(FLAGS, []), {
    _: [],
    rate: undefined,
    count: 3,
    mode: "a",
    out: "x",
    live: undefined,
    plots: true,
    help: false,
  });
  const given = ["--rate=1e-3", "--count", "9", "--mode", "b", "--no-plots"];
  const values = parseFlags(FLAGS, [...given, "--out", "a b", "--live"]);
  assertEquals(values, {
    _: [],
    rate: 0.001,
    count: 9,
    mode: "b",
    out: "a b",
    live: "",
    plots: false,
    help: false,
  });
  assertEquals(parseFlags(FLAGS, ["-h"]).help, true);
  assertEquals(parseFlags(FLAGS, ["--live", "80"]).live, "80");
  assertEquals(parseFlags(FLAGS, ["--live", "--live=80"]).live, "80");
  assertEquals(parseFlags(FLAGS, ["--live=80", "--live"]).live, "");
  assertEquals(parseFlags(FLAGS, ["--out", "a=b", "--out=c=d"]).out, "c=d");
});

Deno.test("parseFlags() reads numbers with commas between them", () => {
  const flags = {
    decay: { kind: "numbers", min: 0, below: 1, help: "decays" },
    none: { kind: "numbers", default: [3], help: "others" },
  } as const;
  const read = (...args: string[]) => parseFlags(flags, args);
  assertEquals(read("--decay", "0,1e-4, .5").decay, [0, 1e-4, 0.5]);
  assertEquals(read("--decay=0.25").decay, [0.25]);
  assertEquals(read("--none", "-1,2").none, [-1, 2]);
  assertEquals(read(), { _: [], decay: undefined, none: [3] });
  for (const text of ["0,", "a", "0,1", "-1,0", "0;0.1", ""]) {
    assertThrows(() => read(`--decay=${text}`), UsageError, "--decay");
  }
});

Deno.test("parseFlags() means no flag by a name that is near none", () => {
  // "--no-live" is not to turn "live" on.
  for (const arg of ["--device", "-x", "--no-live", "--__proto__", "3"]) {
    const error = assertThrows(() => parseFlags(FLAGS, [arg]), UsageError);
    assert(!error.message.includes("did you mean"), error.message);
  }
});

Deno.test("parseFlags() refuses what it cannot read, by name", () => {
  const cases: [string[], string][] = [
    [["--rates", "1"], 'Unknown flag "--rates"'],
    [["--rates=1"], 'Unknown flag "--rates"'],
    [["--no-mode"], 'Unknown flag "--no-mode"'],
    [["-x"], 'Unknown flag "-x"'],
    [["there"], 'Unexpected argument "there"'],
    [
      ["--rate", "fast"],
      '--rate: it must be a number > 0, current value is "fast"',
    ],
    [["--rate", "-1"], 'current value is "-1"'],
    [["--rate", "0"], "number > 0"],
    [["--rate"], 'current value is ""'],
    [["--rate", "Infinity"], "--rate"],
    [["--count", "1.5"], "--count: it must be a whole number >= 1 and <= 9"],
    [["--count", "10"], "--count"],
    [["--mode", "c"], "--mode: it must be one of a, b"],
    [["--out"], "--out: it needs a value"],
    [["--out", "--help"], "--out: it needs a value"],
    [["--out="], "--out: it needs a value"],
    [["--out", ""], "--out: it needs a value"],
    [["--plots=no"], '--plots: it takes no value, current value is "no"'],
    [["--plots", "false"], 'Unexpected argument "false"'],
    [["--", "--plots"], 'Unexpected argument "--plots"'],
    [["--__proto__", "1"], 'Unknown flag "--__proto__"'],
    [["--toString"], 'Unknown flag "--toString"'],
    [["--rates", "1"], "; did you mean --rate?"],
    [["-count", "1"], "; did you mean --count?"],
    [["--Mode=a"], "; did you mean --mode?"],
    [["rate", "1"], "; did you mean --rate?"],
    [["--no-plot"], "; did you mean --no-plots?"],
    [["--plots_"], "; did you mean --no-plots?"],
    [["--mode", "A"], 'current value is "A"; did you mean "a"?'],
  ];
  for (const [args, message] of cases) {
    assertThrows(() => parseFlags(FLAGS, args), UsageError, message);
  }
});

Deno.test("parseFlags() takes arguments without a flag where they are wanted", () => {
  const args = ["a", "--count", "2", "007", "--plots", "true", "--", "-x"];
  const { _, count, plots } = parseFlags(FLAGS, args, { positional: true });
  assertEquals(_, ["a", "007", "true", "-x"]);
  assertEquals([count, plots], [2, true]);
});

Deno.test("parseFlags() says of a switch that is turned off with a value that it takes none", () => {
  assertThrows(
    () => parseFlags(FLAGS, ["--no-plots=1"]),
    UsageError,
    'Cannot read --no-plots: it takes no value, current value is "1"',
  );
});
