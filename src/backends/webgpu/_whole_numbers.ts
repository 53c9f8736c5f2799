/**
 * tfjs's shaders (in version 4.22) compute with whole numbers as floats, which
 * round them above 2²⁴. Where a shader has nothing but whole numbers to read and
 * to write, the same text is right with `i32` in the place of `f32`.
 */

import type { DataType } from "@tensorflow/tfjs";
import type { Program } from "./_open_backend.ts";
import type { Uniform } from "./_uniforms.ts";

/** What gives fractions, or computes places in an image with them. */
const FRACTIONAL =
  /\b(a?(sin|cos|tan)h?|atan2|exp2?|log2?|(inverseS|s)qrt)\(|vec2<f32>|\bf32\(coords/;
/** A number that is not whole. */
const FRACTION = /\b\d*\.0*[1-9]/;

/**
 * What WGSL has for floats alone. Of an exponent below 0, all but 1 and -1 give
 * a fraction, which counts as 0.
 */
const FUNCTIONS = `
fn wholePowerOf(a: i32, b: i32) -> i32 {
  if (b < 0) { return select(0, select(1, a, b % 2 != 0), abs(a) == 1); }
  var power = 1;
  var square = a;
  for (var rest = b; rest > 0; rest = rest >> 1u) {
    if ((rest & 1) == 1) { power *= square; }
    square *= square;
  }
  return power;
}
fn wholePowersOf(a: vec4<i32>, b: vec4<i32>) -> vec4<i32> {
  return vec4<i32>(
    wholePowerOf(a.x, b.x), wholePowerOf(a.y, b.y),
    wholePowerOf(a.z, b.z), wholePowerOf(a.w, b.w));
}
fn wholeMix(a: i32, b: i32, c: i32) -> i32 { return a + (b - a) * c; }
`;

/** Whether tensors of this kind have nothing but whole numbers in them. */
export function isWholeType(dtype: DataType): boolean {
  return dtype === "int32" || dtype === "bool";
}

/** Programs whose shaders compute without fractions. */
export class WholePrograms {
  /** By the key of the shader. */
  readonly #known = new Map<string, boolean>();

  /** Whether one does. */
  has(program: Program): boolean {
    const { shaderKey } = program;
    let known = this.#known.get(shaderKey);
    if (known === undefined) {
      const code = program.getUserCode();
      known = !FRACTIONAL.test(code) && !FRACTION.test(code);
      this.#known.set(shaderKey, known);
    }
    return known;
  }
}

/** The text of such a shader with whole numbers for floats. */
export function withWholeNumbers(code: string): string {
  const power = /binaryOperation\(a : vec4/.test(code)
    ? "wholePowersOf("
    : "wholePowerOf(";
  return code
    // No whole number is none, or infinite.
    .replaceAll("0x7f800000u", "0xffffffffu")
    .replace("abs(val) == uniforms.INFINITY", "false")
    .replaceAll("uniforms.NAN", "0")
    .replaceAll("uniforms.INFINITY", `${2 ** 31 - 1}`)
    .replace(/\b(\d+)\.0*(?![\w.])/g, "$1")
    // A quotient by 0 is 0, as on the other backends.
    .replace(
      "(a - remainder) / b;",
      "select((a - remainder) / b, b, b == b - b);",
    )
    .replace("sign(remainder) == -sign(b)", "sign(remainder) * sign(b) < b - b")
    .replace(/\b(round|floor|ceil)\(/g, "(")
    .replace(/\bpow\(/g, power)
    .replace(/\bmix\(/g, "wholeMix(")
    .replace(/\bf32\b/g, "i32") + FUNCTIONS;
}

/** What such a shader is told beside its tensors. */
export function wholeUniforms(
  uniforms: readonly Uniform[] | undefined,
): Uniform[] | undefined {
  return uniforms?.map(({ type, data }) =>
    type === "float32"
      ? { type: "int32", data: data.map(toWhole) }
      : { type, data }
  );
}

/** The nearest whole number towards 0 that 32 bits hold. */
function toWhole(number: number): number {
  return Math.min(Math.max(Math.trunc(number) || 0, -(2 ** 31)), 2 ** 31 - 1);
}
