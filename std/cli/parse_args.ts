// Stand-in for jsr:@std/cli/parse-args where JSR is out of reach: flags with
// values, switches, negatable switches and one-letter names, with the names and
// behaviour of the real package.

/** The options of {@linkcode parseArgs} that this project uses. */
export interface ParseOptions {
  /**
   * Flags that take a value; without one the value is "". With "_" among them,
   * arguments without a flag stay text where they look like numbers.
   */
  string?: readonly string[];
  /** Flags that are true or false, and false where they are not given. */
  boolean?: readonly string[];
  /** Flags that `--no-NAME` sets to false. */
  negatable?: readonly string[];
  /** What flags are that are not given. */
  default?: Record<string, unknown>;
  /** Another, one-letter name of a flag. */
  alias?: Record<string, string>;
  /** Called for what is not declared; false leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The parsed flags by name, and the arguments without a flag in `_`. */
export type Args = Record<string, unknown> & { _: Array<string | number> };

function isNumber(text: string): boolean {
  return /^0x[0-9a-f]+$/i.test(text) ||
    /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(text);
}

/** Parses command-line arguments. */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const { string = [], boolean = [], negatable = [], alias = {} } = options;
  const unknown = options.unknown ?? (() => true);
  const otherNames = new Map<string, string>();
  for (const [name, letter] of Object.entries(alias)) {
    otherNames.set(name, letter).set(letter, name);
  }
  const declaredIn = (names: readonly string[], key: string) =>
    names.includes(key) || names.includes(otherNames.get(key)!);
  const isText = (key: string) => declaredIn(string, key);
  const isSwitch = (key: string) => declaredIn(boolean, key);
  const result: Args = { _: [] };

  const set = (key: string, given: string | boolean, arg: string) => {
    const declared = isText(key) || isSwitch(key) || otherNames.has(key);
    if (!declared && unknown(arg, key, given) === false) return;
    const value = typeof given === "string" && !isText(key) && isNumber(given)
      ? Number(given)
      : given;
    result[key] = value;
    if (otherNames.has(key)) result[otherNames.get(key)!] = value;
  };

  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  for (let i = 0; i < flags.length; i++) {
    const arg = flags[i];
    const match = /^--?(.+?)(?:=(.+))?$/s.exec(arg);
    if (!arg.startsWith("-") || !match) {
      if (unknown(arg) === false) continue;
      result._.push(!string.includes("_") && isNumber(arg) ? Number(arg) : arg);
      continue;
    }
    let [, key, value] = match;
    if (!arg.startsWith("--")) {
      // Letters that stand together are switches, all but the last.
      for (const letter of key.slice(0, -1)) {
        set(letter, isText(letter) ? "" : true, arg);
      }
      key = key.slice(-1);
    } else if (value === undefined && key.startsWith("no-")) {
      if (declaredIn(negatable, key.slice(3))) {
        set(key.slice(3), false, arg);
        continue;
      }
    }
    const next = flags[i + 1];
    if (value !== undefined) {
      set(key, isSwitch(key) ? value !== "false" : value, arg);
    } else if (next && !next.startsWith("-") && !isSwitch(key)) {
      set(key, next, arg);
      i++;
    } else if (next === "true" || next === "false") {
      set(key, next === "true", arg);
      i++;
    } else {
      set(key, isText(key) ? "" : true, arg);
    }
  }
  const absent = Object.fromEntries(boolean.map((name) => [name, false]));
  for (
    const [name, value] of Object.entries({ ...absent, ...options.default })
  ) {
    result[name] ??= value;
    const other = otherNames.get(name);
    if (other !== undefined) result[other] ??= value;
  }
  if (end >= 0) result._.push(...args.slice(end + 1));
  return result;
}
