import { parseArgs } from "@std/cli/parse-args";
import { meantName, suggestion } from "../runtime/nearest_name.ts";
import {
  checkData,
  checkOptions,
  flag,
  listOf,
  record,
  text,
} from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";
import {
  checkFlags,
  type Flag,
  type Flags,
  type FlagValues,
  type NumberFlag,
  type NumbersFlag,
  type TextFlag,
} from "./flags.ts";
import { UsageError } from "./usage_error.ts";

function parseNumber(name: string, flag: NumberFlag, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  const wanted = flag.kind === "integer" ? "a whole number" : "a number";
  const bounds = [
    flag.above === undefined ? "" : ` > ${flag.above}`,
    flag.min === undefined ? "" : ` >= ${flag.min}`,
    flag.max === undefined ? "" : ` <= ${flag.max}`,
  ].filter(Boolean).join(" and");
  const valid = Number.isFinite(value) &&
    (flag.kind === "number" || Number.isSafeInteger(value)) &&
    (flag.above === undefined || value > flag.above) &&
    (flag.min === undefined || value >= flag.min) &&
    (flag.max === undefined || value <= flag.max);
  if (!valid) {
    throw new UsageError(
      `Cannot read --${name}: it must be ${wanted}${bounds}, current value is "${text}"`,
    );
  }
  return value;
}

function parseNumbers(
  name: string,
  flag: NumbersFlag,
  text: string,
): readonly number[] {
  const { min = -Infinity, below = Infinity } = flag;
  const values = text.split(",").map((part) =>
    part.trim() === "" ? NaN : Number(part)
  );
  const valid = values.every((value) =>
    Number.isFinite(value) && value >= min && value < below
  );
  if (valid) return values;
  const bounds = [
    min === -Infinity ? "" : ` >= ${min}`,
    below === Infinity ? "" : ` < ${below}`,
  ].filter(Boolean).join(" and");
  throw new UsageError(
    `Cannot read --${name}: it must be numbers${bounds} with commas between them, current value is "${text}"`,
  );
}

function parseValue(
  name: string,
  flag: Flag,
  text: string,
): number | string | readonly number[] {
  switch (flag.kind) {
    case "numbers":
      return parseNumbers(name, flag, text);
    case "number":
    case "integer":
      if (text === "" && flag.optional) return NaN;
      return parseNumber(name, flag, text);
    case "choice":
      if (flag.choices.includes(text)) return text;
      throw new UsageError(
        `Cannot read --${name}: it must be one of ${
          flag.choices.join(", ")
        }, current value is "${text}"${suggestion(text, flag.choices)}`,
      );
    default:
      if (text !== "" || (flag as TextFlag).optional) return text;
      throw new UsageError(`Cannot read --${name}: it needs a value`);
  }
}

const ACTION = "read flags";

/** Options of {@linkcode parseFlags}. */
export interface ParseFlagsOptions {
  /** Whether arguments without a flag are accepted. @default {false} */
  readonly positional?: boolean;
}

const NAMES = Object.keys(
  { positional: 0 } satisfies Record<keyof ParseFlagsOptions, 0>,
);

/**
 * Parses `args` by `flags`. Defaults fill what is absent; `--help` is the
 * caller's to declare, and has `-h` beside it.
 *
 * @param flags The flags by name, without the dashes.
 * @param args The command line, such as `Deno.args`.
 * @returns A value for each flag, and under `_` the arguments without one.
 * @throws {UsageError} On an unknown flag, a flag that needs a value and has
 * none, and a value that does not fit; the message names the flag.
 * @throws {TypeError} If `flags` has something else than flags, or `args`
 * something else than text.
 *
 * @example
 * ```ts
 * import { parseFlags } from "@clr/clr/command";
 *
 * const { epochs, out } = parseFlags({
 *   epochs: { kind: "integer", min: 1, default: 6, help: "of training" },
 *   out: { kind: "text", value: "DIR", default: "output", help: "a folder" },
 * }, ["--epochs", "3"]);
 * console.log(epochs, out); // 3 output
 * ```
 */
export function parseFlags<const F extends Flags>(
  flags: F,
  args: readonly string[],
  options: ParseFlagsOptions = {},
): FlagValues<F> {
  checkFlags(ACTION, flags);
  checkData(ACTION, { args }, record({ args: listOf(text) }));
  checkNames(ACTION, options, NAMES);
  checkOptions(ACTION, options, { positional: flag });
  const names = Object.keys(flags);
  const switches = names.filter((name) => flags[name].kind === "switch");
  const on = switches.filter((name) => isOn(flags[name]));
  const { attached, bare } = attachValues(flags, args);
  const { _: rest, ...given } = parseArgs(attached, {
    // Numbers without a flag are to stay as they were written, too.
    string: ["_", ...names.filter((name) => !switches.includes(name))],
    boolean: switches,
    negatable: on,
    default: Object.fromEntries(on.map((name) => [name, true])),
    alias: switches.includes("help") ? { help: "h" } : {},
    unknown: (arg, key) => {
      if (key === undefined) return;
      const name = arg.split("=")[0];
      throw new UsageError(`Unknown flag "${name}"${meant(name, flags)}`);
    },
  });

  const values: Record<string, unknown> = {};
  for (const name of names) {
    const flag = flags[name];
    const value = bare.has(name) ? "" : given[name];
    values[name] = flag.kind === "switch"
      ? value
      : value === undefined
      ? flag.default
      : parseValue(name, flag, value as string);
  }
  if (rest.length > 0 && !options.positional) {
    throw new UsageError(
      `Unexpected argument "${rest[0]}"${meant(String(rest[0]), flags)}`,
    );
  }
  return { ...values, _: rest } as FlagValues<F>;
}

/** A flag as it is written, with its value where one is attached. */
const FLAG = /^--([^=]*)(?:=(.*))?$/s;

/** Whether a switch is turned off by `--no-NAME`. */
function isOn(flag: Flag): boolean {
  return flag.kind === "switch" && flag.default === true;
}

function takesNoValue(name: string, given: string): UsageError {
  return new UsageError(
    `Cannot read --${name}: it takes no value, current value is "${given}"`,
  );
}

/** `; did you mean --epochs?`, or nothing where no flag is near. */
function meant(arg: string, flags: Flags): string {
  const names = Object.keys(flags);
  const given = names.filter((name) => !isOn(flags[name]));
  const off = names.filter((name) => isOn(flags[name]))
    .map((name) => `no-${name}`);
  // What was to be turned off is no flag that turns it on.
  const choices = arg.startsWith("--no-") ? off : [...given, ...off];
  const nearest = meantName(arg, choices);
  return nearest === undefined ? "" : `; did you mean --${nearest}?`;
}

/**
 * Gives each flag that takes a value the one that follows it, as `--flag=value`,
 * and takes out those that have none: the parser alone would read a negative
 * number as a flag, and `--flag=` as one of another name.
 */
function attachValues(
  flags: Flags,
  args: readonly string[],
): { attached: string[]; bare: ReadonlySet<string> } {
  const attached: string[] = [];
  const bare = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") {
      attached.push(...args.slice(i));
      break;
    }
    const [, name, given] = FLAG.exec(args[i]) ?? [];
    const [, off] = /^no-(.*)/s.exec(name ?? "") ?? [];
    if (
      given !== undefined && !Object.hasOwn(flags, name) &&
      Object.hasOwn(flags, off) && isOn(flags[off])
    ) throw takesNoValue(name, given);
    if (!Object.hasOwn(flags, name)) {
      attached.push(args[i]);
    } else if (flags[name].kind === "switch") {
      if (given !== undefined) {
        throw takesNoValue(name, given);
      }
      // Whole, so that the parser does not take a "true" after it for its value.
      attached.push(`--${name}=true`);
    } else {
      const next = args[i + 1] ?? "-";
      const isNext = given === undefined &&
        (!next.startsWith("-") || /^-[.\d]/.test(next));
      if (isNext) i++;
      const value = given ?? (isNext ? next : "");
      bare.delete(name);
      if (value === "") bare.add(name);
      else attached.push(`--${name}=${value}`);
    }
  }
  return { attached, bare };
}
