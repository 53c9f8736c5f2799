/**
 * tfjs's shaders (in version 4.22) of the largest values: to theirs NaN is neither
 * larger nor smaller than any number, and ends up wherever it lay. Here it is larger
 * than any, as on the other backends. Drivers differ in what a comparison with NaN
 * gives, so that none is left to them.
 */

const GREATER = "let isGreater = x0 > x1 || (x0 == x1 && i1 > i0);";

const NAN_FIRST = `let ofNaN = vec2<bool>(isnan(x0), isnan(x1));
            let isTie = all(ofNaN) || (!any(ofNaN) && x0 == x1);
            let isGreater = (ofNaN.x && !ofNaN.y) ||
              (!any(ofNaN) && x0 > x1) || (isTie && i1 > i0);`;

const MERGED = "if (x0 >= x1) {";

/** The text of a shader, mended where it is one of those. */
export function mendTopK(code: string): string {
  return code.replace(GREATER, NAN_FIRST)
    .replace(MERGED, "if (isnan(x0) || (!isnan(x1) && x0 >= x1)) {");
}
