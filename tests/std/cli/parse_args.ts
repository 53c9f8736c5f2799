// Stand-in for jsr:@std/cli/parse-args where JSR is out of reach: long flags
// with values, switches, negatable switches and one-letter aliases, with the
// names and behaviour of the real package.

/** The options of {@linkcode parseArgs} that this project uses. */
export interface ParseOptions {
  /** Flags that take a value; without one the value is "". */
  string?: readonly string[];
  /** Flags that are true or false. */
  boolean?: readonly string[];
  /** Flags that `--no-NAME` sets to false. */
  negatable?: readonly string[];
  /** Another, one-letter name of a flag. */
  alias?: Record<string, string>;
  /** Called for what is not declared; false leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The parsed flags by name, and the arguments without a flag in `_`. */
export type Args = Record<string, unknown> & { _: Array<string | number> };

/** Parses command-line arguments. */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const { string = [], boolean = [], negatable = [], alias = {} } = options;
  const unknown = options.unknown ?? (() => true);
  const byLetter = new Map(Object.entries(alias).map(([k, v]) => [v, k]));
  const result: Args = { _: [] };
  for (const name of boolean) result[name] = false;

  const set = (key: string, value: unknown, arg: string) => {
    const declared = string.includes(key) || boolean.includes(key);
    if (!declared && unknown(arg, key, value) === false) return;
    result[key] = value;
  };

  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") {
      result._.push(...args.slice(i + 1));
      break;
    }
    const match = /^--?([^-=][^=]*)(?:=(.+))?$/s.exec(arg);
    if (!match) {
      if (unknown(arg) !== false) result._.push(arg);
      continue;
    }
    const key = byLetter.get(match[1]) ?? match[1];
    if (match[2] !== undefined) {
      set(key, boolean.includes(key) ? match[2] !== "false" : match[2], arg);
    } else if (key.startsWith("no-") && negatable.includes(key.slice(3))) {
      set(key.slice(3), false, arg);
    } else if (boolean.includes(key)) {
      const next = args[i + 1];
      const given = next === "true" || next === "false";
      set(key, given ? next === "true" : true, arg);
      if (given) i++;
    } else if (args[i + 1] && !args[i + 1].startsWith("-")) {
      set(key, args[++i], arg);
    } else {
      set(key, string.includes(key) ? "" : true, arg);
    }
  }
  return result;
}
