/**
 * The version of this package, for what programs write down: that of `deno.json`,
 * which is not there in all that is made of the package.
 */
export const VERSION = "0.1.0";
