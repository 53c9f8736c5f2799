/**
 * Command-line flags described as data, so that parsing, checking and `--help`
 * cannot disagree. Unknown and malformed flags are refused by name.
 */

import { parseArgs } from "node:util";
import { wrap } from "../runtime/wrap.ts";

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
    help: "threads of the wasm backend (default: one for each core)",
  },
} as const satisfies Flags;

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
  const isSwitch = (name: string) => flags[name].kind === "switch";
  const { tokens } = parseArgs({
    args: attachValues(flags, args),
    options: Object.fromEntries(
      Object.keys(flags).map((name) => [name, {
        type: isSwitch(name) ? "boolean" : "string",
        ...name === "help" && { short: "h" },
      }]),
    ),
    strict: false,
    tokens: true,
  });

  const values: Record<string, unknown> = {};
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (!options.positional) {
        throw new UsageError(`Unexpected argument "${token.value}"`);
      }
      rest.push(token.value);
    } else if (token.kind === "option") {
      const { name, rawName, value } = token;
      const negated = name.startsWith("no-") ? flags[name.slice(3)] : undefined;
      if (negated?.kind === "switch" && negated.default === true) {
        values[name.slice(3)] = false;
      } else if (!Object.hasOwn(flags, name)) {
        throw new UsageError(`Unknown flag "${rawName}"`);
      } else if (!isSwitch(name)) {
        values[name] = parseValue(name, flags[name], value ?? "");
      } else if (value === undefined) {
        values[name] = true;
      } else {
        throw new UsageError(
          `Cannot read --${name}: it takes no value, current value is "${value}"`,
        );
      }
    }
  }
  const defaults = Object.entries(flags).map(([name, flag]) => [
    name,
    flag.kind === "switch" ? flag.default ?? false : flag.default,
  ]);
  return {
    ...Object.fromEntries(defaults),
    ...values,
    _: rest,
  } as FlagValues<F>;
}

/**
 * Gives each flag that takes a value the one that follows it, as `--flag=value`.
 * The parser alone would take the next flag for the value of one that has none,
 * and a negative number for a flag.
 */
function attachValues(flags: Flags, args: readonly string[]): string[] {
  const attached: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") return [...attached, ...args.slice(i)];
    const name = args[i].startsWith("--") ? args[i].slice(2) : "";
    if (!Object.hasOwn(flags, name) || flags[name].kind === "switch") {
      attached.push(args[i]);
      continue;
    }
    const next = args[i + 1] ?? "-";
    const isValue = !next.startsWith("-") || /^-[.\d]/.test(next);
    attached.push(`--${name}=${isValue ? next : ""}`);
    if (isValue) i++;
  }
  return attached;
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
