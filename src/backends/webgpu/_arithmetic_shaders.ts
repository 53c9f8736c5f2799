/** tfjs's shaders (in version 4.22) of floats that forget what is infinite. */

import { INVERSE_TRIGONOMETRY } from "./_inverse_trigonometry.ts";

/** Parts of them, of one number and of four, and what follows each. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  // 0 to a power below 0
  [
    /var resultTemp = select\(sign\(a\) \* pow\(abs\(a\), b\)[^;]*;/,
    `if (a == 0.0 && b < 0.0) {
      let isOdd = round(abs(b) % 2.0) == 1.0;
      resultTemp = select(uniforms.INFINITY, -uniforms.INFINITY,
        isOdd && bitcast<u32>(a) != 0u);
    }`,
  ],
  [
    /var resultTemp = multiplier \* pow\(abs\(a\), b\);/,
    `resultTemp = select(
      resultTemp,
      select(vec4<f32>(uniforms.INFINITY), vec4<f32>(-uniforms.INFINITY),
        isModRound1Bool & (bitcast<vec4<u32>>(a) != vec4<u32>(0u))),
      (a == vec4<f32>(0.0)) & (b < vec4<f32>(0.0)));`,
  ],
  // Remainders by what is infinite
  [
    /var resultTemp = a % b;/,
    "if (isinf(b) && !isinf(a)) { resultTemp = a; }",
  ],
  [
    /var resultTemp = vec4<f32>\(a % b\);/,
    `resultTemp = select(resultTemp, a,
      (abs(b) == vec4<f32>(uniforms.INFINITY)) &
      (abs(a) != vec4<f32>(uniforms.INFINITY)));`,
  ],
];

/** Angles by functions of our own, of one number or of four. */
function mendAngles(code: string): string {
  const angle = "= atan2(a, b);";
  if (!code.includes(angle)) return code;
  const four = ["x", "y", "z", "w"].map((i) => `atan2Of(a.${i}, b.${i})`);
  const own = /binaryOperation\(a : vec4/.test(code)
    ? `= vec4<f32>(${four.join(", ")});`
    : "= atan2Of(a, b);";
  return code.replace(angle, own) + INVERSE_TRIGONOMETRY;
}

/** The text of a shader, mended where it is one of those. */
export function mendArithmetic(code: string): string {
  return MENDS.reduce(
    (mended, [found, then]) => mended.replace(found, (part) => part + then),
    mendAngles(code),
  );
}
