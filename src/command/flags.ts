/**
 * Command-line flags described as data, so that parsing, checking and `--help`
 * cannot disagree.
 */

import {
  type Check,
  checkData,
  finite,
  flag,
  listOf,
  mapOf,
  oneOf,
  optional,
  record,
  text,
} from "../runtime/check_data.ts";

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

const DEFAULTS: { readonly [Kind in Flag["kind"]]: Check } = {
  number: finite,
  integer: finite,
  numbers: listOf(finite),
  text,
  choice: text,
  switch: flag,
};

const KINDS = Object.keys(DEFAULTS);

const BASE = record({
  kind: oneOf(...KINDS),
  help: text,
  value: optional(text),
});

const isFlag: Check = (value, path) => {
  const fault = BASE(value, path);
  if (fault !== undefined) return fault;
  const { kind } = value as Flag;
  return record({
    default: optional(DEFAULTS[kind]),
    optional: optional(flag),
    ...Object.fromEntries(
      ["min", "max", "above", "below"].map((bound) => [
        bound,
        optional(finite),
      ]),
    ),
    ...kind === "choice" && { choices: listOf(text) },
  })(value, path);
};

/**
 * Throws unless `flags` are flags by their names, as {@linkcode Flags} has them.
 *
 * @throws {TypeError} `Cannot ACTION as flags.NAME.… must be …`.
 */
export function checkFlags(action: string, flags: unknown): void {
  checkData(action, { flags }, record({ flags: mapOf(isFlag) }));
}

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
