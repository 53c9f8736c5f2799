/**
 * tfjs's shaders (in version 4.22) of where the largest value of a window lies:
 * theirs take the last of several that are equal, and pass over what is infinite.
 * Here it is the first, past NaN, as on the other backends.
 */

const FOUND =
  /let currMaxValue = mix\(value, maxValue, maxValueFound\);\s*if \(value >= currMaxValue\) \{/;

const FIRST =
  "if (maxValueFound == 0.0 || value > maxValue || isnan(maxValue)) {";

/** The text of a shader, mended where it is one of those. */
export function mendPooling(code: string): string {
  return code.replace(FOUND, FIRST);
}
