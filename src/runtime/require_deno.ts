/**
 * Throws unless this is Deno.
 *
 * @param instead What to use elsewhere, as a clause of its own.
 * @throws {Error} `Cannot ACTION as it must run in Deno: current value is …`.
 */
export function requireDeno(action: string, instead?: string): void {
  if (typeof Deno !== "undefined") return;
  const here = globalThis.navigator?.userAgent ?? "another runtime";
  throw new Error(
    `Cannot ${action} as it must run in Deno: current value is ${here}${
      instead ? `; ${instead}` : ""
    }`,
  );
}
