/**
 * Functions of arguments, or with results, near 0, of which tfjs's shaders, which
 * add 1 or take it away, leave no digits: by series of log1p and expm1.
 */

import { backend_util } from "@tensorflow/tfjs";
import type { Replacement } from "../_kernel.ts";
import { byFunction } from "./_by_function.ts";

/** Below it, digits are lost. */
const NEAR = 0.5;

/**
 * With s = x / (2 + x), ln(1 + x) = 2s (1 + s²/3 + s⁴/5 + …), and
 * eˣ − 1 = x (1 + x/2 (1 + x/3 (1 + …))).
 */
const functions = `
fn log1pOf(x: f32) -> f32 {
  let s = x / (2 + x);
  let series = ${
  [15, 13, 11, 9, 7, 5, 3, 1].reduce(
    (rest, n) => `(1.0 / ${n} + s * s * ${rest})`,
    "0.0",
  )
};
  return select(log(1 + x), 2 * s * series, abs(x) < ${NEAR});
}
fn expm1Of(x: f32) -> f32 {
  let series = ${
  Array.from({ length: 8 }, (_, i) => 9 - i).reduce(
    (rest, n) => `(1 + x / ${n} * ${rest})`,
    "1",
  )
};
  return select(exp(x) - 1, series * x, abs(x) < ${NEAR});
}
// (1 − e⁻²ᵃ) / (1 + e⁻²ᵃ)
fn tanhOf(x: f32) -> f32 {
  let e = expm1Of(-2 * abs(x));
  return -sign(x) * e / (e + 2);
}
fn sinhOf(x: f32) -> f32 {
  let e = expm1Of(abs(x));
  return sign(x) * 0.5 * (e + select(e / (e + 1), 1, e > 1e7));
}
fn asinhOf(x: f32) -> f32 {
  let a = abs(x);
  let near = log1pOf(a + a * a / (1 + sqrt(1 + a * a)));
  return sign(x) * select(near, log(a) + ${Math.LN2}, a > 1e7);
}
fn acoshOf(x: f32) -> f32 {
  let m = x - 1;
  let near = log1pOf(m + sqrt(m) * sqrt(x + 1));
  return select(
    select(near, log(x) + ${Math.LN2}, x > 1e7),
    bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u), x < 1);
}
fn atanhOf(x: f32) -> f32 {
  return select(0.5 * log1pOf(2 * x / (1 - x)), bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u), abs(x) > 1);
}
fn softplusOf(x: f32) -> f32 {
  return select(x, 0, x < 0) + log1pOf(exp(-abs(x)));
}
fn eluOf(x: f32) -> f32 { return select(expm1Of(x), x, x >= 0); }
fn seluOf(x: f32) -> f32 {
  return select(${backend_util.SELU_SCALEALPHA} * expm1Of(x), ${backend_util.SELU_SCALE} * x, x >= 0);
}
`;

/** In the place of tfjs's own. */
export const nearZeroKernels: readonly Replacement[] = [
  byFunction("Log1p", "log1pOf", functions),
  byFunction("Expm1", "expm1Of", functions),
  byFunction("Tanh", "tanhOf", functions),
  byFunction("Sinh", "sinhOf", functions),
  byFunction("Asinh", "asinhOf", functions),
  byFunction("Acosh", "acoshOf", functions),
  byFunction("Atanh", "atanhOf", functions),
  byFunction("Softplus", "softplusOf", functions),
  byFunction("Elu", "eluOf", functions),
  byFunction("Selu", "seluOf", functions),
];
