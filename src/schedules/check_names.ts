import { checkObject } from "./_check.ts";
import { suggestion } from "./nearest_name.ts";

/**
 * Throws if `options` is no object, or has a property that is none of `names`, which would else
 * be passed over in silence, and the default be used.
 */
export function checkNames(
  action: string,
  options: object,
  names: readonly string[],
): void {
  checkObject(action, "options", options);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new TypeError(
      `Cannot ${action} as its options must be among ${
        names.join(", ")
      }: current value has "${name}"${suggestion(name, names)}`,
    );
  }
}
