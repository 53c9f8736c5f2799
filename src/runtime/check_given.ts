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

/** Throws unless `value` is the path of a folder. */
export function checkFolder(action: string, value: unknown): void {
  checkKind(
    action,
    { name: "folder", value, must: "a path" },
    typeof value === "string" && value !== "" && !value.includes("\0"),
  );
}
