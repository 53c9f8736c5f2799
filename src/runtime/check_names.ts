import { show } from "./check_data.ts";
import { nearestName, suggestion } from "./nearest_name.ts";
import { isRecord } from "./records.ts";

/**
 * Throws if `options` is no object that holds others by their names, or has a
 * property that is none of `names`, which would else be passed over in silence,
 * and the default be used.
 */
export function checkNames(
  action: string,
  options: object,
  names: readonly string[],
): void {
  if (!isRecord(options)) {
    throw new TypeError(
      `Cannot ${action} as options must be an object: current value is ${
        show(options)
      }`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const kind = options.constructor?.name;
    // In PyTorch's order the optimizer, say, or the data, comes first.
    if (kind !== undefined && kind !== "Object") {
      throw new TypeError(
        `Cannot ${action} as options must be an object of them: current value is of class ${kind}`,
      );
    }
    throw new TypeError(
      `Cannot ${action} as its options must be among ${
        names.join(", ")
      }: current value has "${name}"${suggestion(name, names)}`,
    );
  }
}

/**
 * Throws if `object`, which may have properties of its own, has one that is
 * nearly one of `names`, and none of them.
 */
export function checkSpelling(
  action: string,
  object: object,
  names: readonly string[],
): void {
  for (const name of Object.keys(object)) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    if (nearest === undefined || nearest in object) continue;
    throw new TypeError(
      `Cannot ${action} as ${nearest} must be spelt so: current value is "${name}"`,
    );
  }
}
