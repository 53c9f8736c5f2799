/** A function or class that goes into a page. */
type Part =
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown);

/**
 * A script of functions and classes as they stand in modules here, where they
 * are typed and tested: a package has no files beside its modules that a page
 * could be given. Each uses its arguments and the other parts, by the names
 * that it imports them under, and no other value of its module.
 */
export function scriptText(parts: { readonly [name: string]: Part }): string {
  return Object.entries(parts).map(([name, part]) => `const ${name}=${part};\n`)
    .join("");
}
