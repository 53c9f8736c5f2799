/**
 * Command-line flags described as data, so that parsing, checking and `--help`
 * cannot disagree. Unknown and malformed flags are refused by name.
 */

import { parseArgs } from "@std/cli/parse-args";
import { wrap } from "./_wrap.ts";

interface FlagBase {
  /** One sentence for `--help`. */
  readonly help: string;
  /** Shown in place of the value in `--help`, such as `DIR`. */
  readonly value?: string;
}

/** A finite number, optionally bounded. */
export interface NumberFlag extends FlagBase {
  readonly kind: "number" | "integer";
  readonly default?: number;
  /** The least value that is accepted. */
  readonly min?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  /** The greatest value that is accepted. */
  readonly max?: number;
}

/** Any text that is not empty, unless `optional` lets the flag stand alone. */
export interface TextFlag extends FlagBase {
  readonly kind: "text";
  readonly default?: string;
  /** The flag may stand without a value; it then reads as "". */
  readonly optional?: true;
}

/** One of several words. */
export interface ChoiceFlag extends FlagBase {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly default?: string;
}

/** Present or absent; with `default: true` it is turned off by `--no-NAME`. */
export interface SwitchFlag extends FlagBase {
  readonly kind: "switch";
  readonly default?: boolean;
}

/** One flag of a command. */
export type Flag = NumberFlag | TextFlag | ChoiceFlag | SwitchFlag;

/** The flags of a command by name (without the dashes). */
export type Flags = { readonly [name: string]: Flag };

type Value<F extends Flag> = F extends NumberFlag
  ? F extends { default: number } ? number : number | undefined
  : F extends SwitchFlag ? boolean
  : F extends ChoiceFlag ? F extends { default: string } ? F["choices"][number]
    : F["choices"][number] | undefined
  : F extends { default: string } ? string
  : string | undefined;

/** What {@linkcode parseFlags} returns for a set of flags. */
export type FlagValues<F extends Flags> =
  & { -readonly [Name in keyof F]: Value<F[Name]> }
  & { /** The arguments without a flag. */ _: string[] };

/** The command line cannot be understood; the message names the argument. */
export class UsageError extends Error {
  override name = "UsageError";
}

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

function parseValue(name: string, flag: Flag, text: string): number | string {
  switch (flag.kind) {
    case "number":
    case "integer":
      return parseNumber(name, flag, text);
    case "choice":
      if (flag.choices.includes(text)) return text;
      throw new UsageError(
        `Cannot read --${name}: it must be one of ${
          flag.choices.join(", ")
        }, current value is "${text}"`,
      );
    default:
      if (text !== "" || (flag as TextFlag).optional) return text;
      throw new UsageError(`Cannot read --${name}: it needs a value`);
  }
}

/**
 * Parses `args` by `flags`. Defaults fill what is absent; `--help` is the
 * caller's to declare.
 *
 * @throws {UsageError} On an unknown flag, a flag that needs a value and has
 * none, and a value that does not fit; the message names the flag.
 */
export function parseFlags<const F extends Flags>(
  flags: F,
  args: readonly string[],
  options: {
    /** Whether arguments without a flag are accepted. @default {false} */
    positional?: boolean;
  } = {},
): FlagValues<F> {
  const names = Object.keys(flags);
  const isSwitch = (name: string) => flags[name].kind === "switch";
  const parsed = parseArgs(joinNegative(flags, args), {
    string: names.filter((name) => !isSwitch(name)).concat("_"),
    boolean: names.filter(isSwitch),
    negatable: names.filter((name) =>
      isSwitch(name) && flags[name].default === true
    ),
    alias: "help" in flags ? { help: "h" } : {},
    unknown: (arg: string, key?: string) => {
      if (key === undefined && options.positional) return true;
      throw new UsageError(
        key === undefined
          ? `Unexpected argument "${arg}"`
          : `Unknown flag "${arg.split("=")[0]}"`,
      );
    },
  }) as Record<string, unknown> & { _: (string | number)[] };

  const given = new Set(
    args.map((arg) => /^--(?:no-)?([^=]+)/.exec(arg)?.[1] ?? arg),
  );
  const values: Record<string, unknown> = { _: parsed._.map(String) };
  for (const name of names) {
    const flag = flags[name];
    if (flag.kind === "switch") {
      values[name] = given.has(name) || parsed[name]
        ? parsed[name]
        : flag.default ?? false;
    } else if (parsed[name] === undefined) {
      values[name] = flag.default;
    } else {
      values[name] = parseValue(name, flag, String(parsed[name]));
    }
  }
  return values as FlagValues<F>;
}

/**
 * `--flag -1` as `--flag=-1`: parseArgs takes what starts with a dash for the
 * next flag.
 */
function joinNegative(flags: Flags, args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = flags[joined.at(-1)?.slice(2) ?? ""];
    if (flag && flag.kind !== "switch" && /^-[.\d]/.test(arg)) {
      joined.push(`${joined.pop()}=${arg}`);
    } else {
      joined.push(arg);
    }
  }
  return joined;
}

/** The part of `--help` that lists the flags, aligned for 80 columns. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const negated = flag.kind === "switch" && flag.default === true;
    const value = flag.value ??
      (flag.kind === "choice"
        ? flag.choices.join("|")
        : flag.kind === "switch"
        ? ""
        : flag.kind === "text"
        ? "TEXT"
        : "N");
    const left = `  --${negated ? "no-" : ""}${name}${value && ` ${value}`}`;
    const shown = flag.kind !== "switch" && flag.default !== undefined;
    return [left, flag.help + (shown ? ` (default ${flag.default})` : "")];
  });
  const width = Math.min(
    28,
    Math.max(...rows.map(([left]) => left.length)) + 2,
  );
  return rows.map(([left, help]) => {
    const lines = wrap(help, 80 - width);
    const indent = " ".repeat(width);
    const head = left.length + 2 > width
      ? `${left}\n${indent}`
      : left.padEnd(width);
    return head + lines.join(`\n${indent}`);
  }).join("\n");
}
