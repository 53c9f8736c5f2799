/**
 * Command-line flags described as data, so that parsing, checking and `--help`
 * cannot disagree. Unknown and malformed flags are refused by name.
 */

import { parseArgs } from "@std/cli/parse-args";
import { wrap } from "../runtime/wrap.ts";
import { meantName, suggestion } from "../runtime/nearest_name.ts";

/** What every flag has. */
export interface FlagBase {
  /** One sentence for `--help`. */
  readonly help: string;
  /** Shown in place of the value in `--help`, such as `DIR`. */
  readonly value?: string;
}

/** A finite number, optionally bounded. */
export interface NumberFlag extends FlagBase {
  /** Any finite number, or a whole one. */
  readonly kind: "number" | "integer";
  /** What it is where it is not given. */
  readonly default?: number;
  /** The least value that is accepted. */
  readonly min?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  /** The greatest value that is accepted. */
  readonly max?: number;
  /** The flag may stand without a value; it then reads as NaN. */
  readonly optional?: true;
}

/** Any text that is not empty, unless `optional` lets the flag stand alone. */
export interface TextFlag extends FlagBase {
  /** Any text. */
  readonly kind: "text";
  /** What it is where it is not given. */
  readonly default?: string;
  /** The flag may stand without a value; it then reads as "". */
  readonly optional?: true;
}

/** Several finite numbers with commas between them, optionally bounded. */
export interface NumbersFlag extends FlagBase {
  /** Finite numbers. */
  readonly kind: "numbers";
  /** What they are where they are not given. */
  readonly default?: readonly number[];
  /** The least value that is accepted. */
  readonly min?: number;
  /** The values must be less than this. */
  readonly below?: number;
}

/** One of several words. */
export interface ChoiceFlag extends FlagBase {
  /** One word of several. */
  readonly kind: "choice";
  /** The words. */
  readonly choices: readonly string[];
  /** What it is where it is not given. */
  readonly default?: string;
}

/** Present or absent; with `default: true` it is turned off by `--no-NAME`. */
export interface SwitchFlag extends FlagBase {
  /** On or off. */
  readonly kind: "switch";
  /** What it is where it is not given. @default {false} */
  readonly default?: boolean;
}

/** One flag of a command. */
export type Flag =
  | NumberFlag
  | NumbersFlag
  | TextFlag
  | ChoiceFlag
  | SwitchFlag;

/** The flags of a command by name (without the dashes). */
export type Flags = { readonly [name: string]: Flag };

/** The flags of `selectBackend`, which every command that trains has. */
export const BACKEND_FLAGS = {
  backend: {
    kind: "choice",
    choices: ["auto", "webgpu", "wasm", "cpu"],
    default: "auto",
    help: "what computes",
  },
  threads: {
    kind: "integer",
    min: 1,
    max: 64,
    help: "threads of the wasm backend (default: one for each core)",
  },
  device: {
    kind: "text",
    value: "NAME",
    help: "the GPU of several, by its number or a part of its name",
  },
} as const satisfies Flags;

/** What a flag is read as. */
export type FlagValue<F extends Flag> = F extends NumberFlag
  ? F extends { default: number } ? number : number | undefined
  : F extends NumbersFlag
    ? F extends { default: readonly number[] } ? readonly number[]
    : readonly number[] | undefined
  : F extends SwitchFlag ? boolean
  : F extends ChoiceFlag ? F extends { default: string } ? F["choices"][number]
    : F["choices"][number] | undefined
  : F extends { default: string } ? string
  : string | undefined;

/** What {@linkcode parseFlags} returns for a set of flags. */
export type FlagValues<F extends Flags> =
  & { -readonly [Name in keyof F]: FlagValue<F[Name]> }
  & { /** The arguments without a flag. */ _: string[] };

/** The command line cannot be understood; the message names the argument. */
export class UsageError extends Error {
  /** `"UsageError"`. */
  override name = "UsageError";
  /** Whether `--help` tells what would be right. */
  readonly isInHelp: boolean;

  /** An error with its message. */
  constructor(
    message: string,
    options: {
      /** Whether `--help` tells what would be right. @default {true} */
      isInHelp?: boolean;
    } = {},
  ) {
    super(message);
    this.isInHelp = options.isInHelp ?? true;
  }
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

/**
 * Parses `args` by `flags`. Defaults fill what is absent; `--help` is the
 * caller's to declare.
 *
 * @throws {UsageError} On an unknown flag, a flag that needs a value and has
 * none, and a value that does not fit; the message names the flag.
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
  options: {
    /** Whether arguments without a flag are accepted. @default {false} */
    positional?: boolean;
  } = {},
): FlagValues<F> {
  const names = Object.keys(flags);
  const switches = names.filter((name) => flags[name].kind === "switch");
  const isOn = (name: string) => flags[name].default === true;
  const { attached, bare } = attachValues(flags, args);
  const { _: rest, ...given } = parseArgs(attached, {
    // Numbers without a flag are to stay as they were written, too.
    string: ["_", ...names.filter((name) => !switches.includes(name))],
    boolean: switches,
    negatable: switches.filter(isOn),
    default: Object.fromEntries(
      switches.filter(isOn).map((name) => [name, true]),
    ),
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

/** `; did you mean --epochs?`, or nothing where no flag is near. */
function meant(given: string, flags: Flags): string {
  const isOn = (name: string) => flags[name].default === true;
  const on = Object.keys(flags).filter((name) => !isOn(name));
  const off = Object.keys(flags).filter(isOn).map((name) => `no-${name}`);
  // What was to be turned off is no flag that turns it on.
  const names = given.startsWith("--no-") ? off : [...on, ...off];
  const nearest = meantName(given, names);
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
    const [, name, given] = /^--([^=]*)(?:=(.*))?$/s.exec(args[i]) ?? [];
    if (!Object.hasOwn(flags, name)) {
      attached.push(args[i]);
    } else if (flags[name].kind === "switch") {
      if (given !== undefined) {
        throw new UsageError(
          `Cannot read --${name}: it takes no value, current value is "${given}"`,
        );
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

/** Characters of the choices that `--help` shows beside a flag. */
const MOST_CHOICES = 64;

/** The part of `--help` that lists the flags, aligned for 80 columns. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const negated = flag.kind === "switch" && flag.default === true;
    const choices = flag.kind === "choice" ? flag.choices.join("|") : "";
    // More choices than a line holds are listed below.
    const listed = choices.length > MOST_CHOICES;
    const value = flag.value ??
      (flag.kind === "choice"
        ? listed ? "NAME" : choices
        : flag.kind === "switch"
        ? ""
        : flag.kind === "text"
        ? "TEXT"
        : flag.kind === "numbers"
        ? "N,…"
        : "N");
    const left = `  --${negated ? "no-" : ""}${name}${value && ` ${value}`}`;
    const shown = flag.kind !== "switch" && flag.default !== undefined;
    return [
      left,
      flag.help + (shown ? ` (default ${flag.default})` : "") +
      (listed ? `: ${choices.replaceAll("|", ", ")}` : ""),
    ];
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
