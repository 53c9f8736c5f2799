/** tfjs's shaders (in version 4.22) of floats that forget what is infinite. */

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

/** The text of a shader, mended where it is one of those. */
export function mendArithmetic(code: string): string {
  return MENDS.reduce(
    (mended, [found, then]) => mended.replace(found, (part) => part + then),
    code,
  );
}
