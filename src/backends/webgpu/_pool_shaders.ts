/**
 * tfjs's shaders (in version 4.22) of the largest value of a window, and of where
 * it lies: theirs begin with -1e20, take the last of several that are equal, and
 * pass over what is infinite and over NaN. Here it is the first, and the first NaN
 * before any number, as on the other backends.
 */

const FOUND =
  /let currMaxValue = mix\(value, maxValue, maxValueFound\);\s*if \(value >= currMaxValue\) \{/;

const FIRST =
  "if (maxValueFound == 0.0 || (!isnan(maxValue) && (isnan(value) || value > maxValue))) {";

const LEAST = "var resultValue = -1.0 / pow(10.0, -20.0);";
const LARGER = "resultValue = max(value, resultValue);";

/** The text of a shader, mended where it is one of those. */
export function mendPooling(code: string): string {
  return code.replace(FOUND, FIRST)
    .replace(LEAST, "var resultValue = -uniforms.INFINITY;")
    .replace(
      LARGER,
      `if (!isnan(resultValue) && (isnan(value) || value > resultValue)) {
        resultValue = value;
      }`,
    );
}
