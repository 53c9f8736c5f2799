/** What Deno, and Node and Bun, call to show an object on a terminal. */
const INSPECT = [
  Symbol.for("Deno.customInspect"),
  Symbol.for("nodejs.util.inspect.custom"),
];

/**
 * Makes `console.log` show the instances of a class as their `toString()` does,
 * where it would print every field of what they hold.
 */
export function showInConsole<T extends object>(
  shown: { readonly prototype: T },
): void {
  for (const key of INSPECT) {
    Object.defineProperty(shown.prototype, key, {
      value(this: T) {
        return String(this);
      },
    });
  }
}
