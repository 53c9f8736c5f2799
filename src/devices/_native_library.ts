/**
 * Opens a shared library that may not be there, without ever asking the person
 * for permission, and reads the text that C leaves behind.
 */
import { errorMessage } from "../runtime/error_message.ts";

/**
 * What is missing where a native library gives no answer: `"no-permission"`,
 * Deno was not started with `--allow-ffi`; `"no-library"`, it is not installed
 * or cannot be loaded; `"no-driver"`, it is there and finds no driver to talk
 * to; `"failed"`, one of its calls failed.
 */
export type NativeProblemKind =
  | "no-permission"
  | "no-library"
  | "no-driver"
  | "failed";

/** Why a native library gives no answer. */
export interface NativeProblem {
  /** What is missing, for programs. */
  readonly kind: NativeProblemKind;
  /** What was found, for people: a clause without a full stop. */
  readonly message: string;
}

/** Carries a problem to the function that people call, which returns it. */
export class NativeError extends Error {
  /** What is missing, and what was found. */
  readonly problem: NativeProblem;

  /** An error that carries the problem made of `kind` and `message`. */
  constructor(kind: NativeProblemKind, message: string) {
    super(message);
    this.name = "NativeError";
    this.problem = Object.freeze({ kind, message });
  }
}

/**
 * Opens the first of `names` that the system's loader finds.
 *
 * @throws {NativeError} Where Deno may not, or there is none.
 */
export function openLibrary<S extends Deno.ForeignLibraryInterface>(
  names: readonly string[],
  symbols: S,
): Deno.DynamicLibrary<S> {
  // A query never prompts; on a terminal, Deno.dlopen itself does.
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  if (state !== "granted") {
    throw new NativeError(
      "no-permission",
      `Deno may not load ${names[0]} without --allow-ffi`,
    );
  }
  let reason: string | undefined;
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      // The first is the usual name, so its reason is the one that helps.
      reason ??= loadFailure(name, error);
    }
  }
  throw new NativeError("no-library", `${reason}`);
}

function loadFailure(name: string, error: unknown): string {
  const message = (errorMessage(error))
    .replace(/^(Could not open library: )+/, "").trim();
  return message.startsWith(`${name}: cannot open shared object file`)
    ? `${name} is not installed`
    : `${name} cannot be loaded (${message})`;
}

/**
 * The text in `bytes` up to the first NUL, or all of it where there is none,
 * without control characters: it is printed to terminals.
 */
export function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(
    end < 0 ? bytes : bytes.subarray(0, end),
  );
  return withoutControls(text);
}

/** `text` without the characters that move a terminal's cursor, or worse. */
export function withoutControls(text: string): string {
  // Escape sequences whole: without its first character one is litter.
  // deno-lint-ignore no-control-regex -- these are what is looked for
  const controls = /\x1b\[[0-?]*[ -\/]*[@-~]|[\x00-\x1f\x7f-\x9f]/g;
  return text.replace(controls, "");
}
