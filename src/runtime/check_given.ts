import { show } from "./check_data.ts";

/** What was given, and what it must be. */
export interface Given {
  /** Such as `scheduler`. */
  readonly name: string;
  readonly value: unknown;
  /** Such as "a function". */
  readonly must: string;
}

/**
 * Throws unless what was given is of the right kind, as `holds` says: people who
 * write JavaScript are told by nobody else.
 *
 * @throws {TypeError} `Cannot ACTION as NAME must be …: current value is …`.
 */
export function checkKind(
  action: string,
  { name, value, must }: Given,
  holds: boolean,
): void {
  if (holds) return;
  throw new TypeError(
    `Cannot ${action} as ${name} must be ${must}: current value is ${
      show(value)
    }`,
  );
}

/**
 * Throws unless `value` is the path of a folder.
 *
 * @throws {TypeError} If it is none.
 * @throws {RangeError} If it is a URL.
 */
export function checkFolder(
  action: string,
  value: unknown,
): asserts value is string {
  checkKind(
    action,
    { name: "folder", value, must: "a path" },
    typeof value === "string" && value !== "" && !value.includes("\0"),
  );
  refuseUrl(action, value as string);
}

/**
 * Throws where a path is the text of a `file:` URL: systems take it for a folder
 * `file:` below the one that a program runs in.
 */
export function refuseUrl(action: string, path: string): void {
  if (!/^file:/i.test(path)) return;
  throw new RangeError(
    `Cannot ${action} as it must be told a path: current value is ${
      show(path)
    }, a URL, of which fromFileUrl of @std/path makes one`,
  );
}
