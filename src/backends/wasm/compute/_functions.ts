/**
 * Elementary functions on vectors, to about two units in the last place, with
 * the polynomials of Cephes (Moshier, single precision).
 */
import {
  type Code,
  convertI32,
  type Local,
  truncate,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { mulAdd, type Target } from "./_kernel.ts";

const { add, div, mul, sub } = v128;

/** Elementary functions over locals of one function. */
export interface Functions {
  /** Sets what the others share; it stands before them, outside of loops. */
  readonly start: Code;
  /** Sets `x` to eˣ. */
  exp(x: Local): Code;
  /** Sets `x`, which is at most 0, to eˣ − 1. */
  expMinusOne(x: Local): Code;
  /** Sets `x` to its natural logarithm. */
  log(x: Local): Code;
  /** Sets `x` to ln(1 + x). */
  log1p(x: Local): Code;
  /** Sets `x` to its hyperbolic tangent. */
  tanh(x: Local): Code;
  /** Sets `x` to 1 / (1 + e⁻ˣ). */
  sigmoid(x: Local): Code;
  /** Sets `x` to ln(1 + eˣ). */
  softplus(x: Local): Code;
}

/** Makes the functions for a kernel; they share the locals that they need. */
export function functionsOf(f: FunctionBuilder, target: Target): Functions {
  const madd = mulAdd(target);
  const [r, n, p, half, y, z, given, u] = f.locals("v128", 8);

  // Constants in the code would be put together anew at each use.
  const start: Code[] = [];
  const shared = new Map<string, Local>();
  const share = (key: string, value: Code): Code => {
    let local = shared.get(key);
    if (local === undefined) {
      local = f.local("v128");
      shared.set(key, local);
      start.push(local.set(value));
    }
    return local.get;
  };
  const constant = (value: number) => share(`${value}`, v128.constant(value));
  const constantBits = (bits: number) =>
    share(`bits ${bits}`, v128.constantBits(bits));

  const polynomial = (x: Local, coefficients: readonly number[]) =>
    coefficients.slice(1).reduce<Code>(
      (sum, coefficient) => madd(sum, x.get, constant(coefficient)),
      constant(coefficients[0]),
    );
  const power = (exponent: Code) =>
    v128.shiftLeft(
      v128.addI32(exponent, constantBits(127)),
      23,
    );

  /** Sets n to the nearest power of two, r to what is left, and p to eʳ − 1. */
  const reduced = (x: Local): Code => [
    // Past these, the result is infinity or 0. NaN stays NaN.
    r.set(v128.atMostOf(v128.atLeastOf(x.get, constant(-104)), constant(89))),
    n.set(v128.nearest(mul(r.get, constant(Math.LOG2E)))),
    r.set(madd(n.get, constant(-0.693359375), r.get)),
    r.set(madd(n.get, constant(2.12194440e-4), r.get)),
    p.set(
      polynomial(r, [
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
      ]),
    ),
    p.set(madd(p.get, mul(r.get, r.get), r.get)),
  ];

  const exp = (x: Local): Code => [
    reduced(x),
    p.set(add(p.get, constant(1))),
    // 2ⁿ in two factors, as neither infinity nor the smallest values have an
    // exponent of their own.
    n.set(truncate(n.get)),
    half.set(v128.shiftRight(n.get, 1)),
    x.set(
      mul(
        mul(p.get, power(half.get)),
        power(v128.subI32(n.get, half.get)),
      ),
    ),
  ];

  const expMinusOne = (x: Local): Code => [
    reduced(x),
    n.set(truncate(n.get)),
    half.set(v128.shiftRight(n.get, 1)),
    half.set(mul(power(half.get), power(v128.subI32(n.get, half.get)))),
    // 2ⁿ (eʳ − 1) + (2ⁿ − 1), which near 0 is the first alone.
    x.set(madd(half.get, p.get, sub(half.get, constant(1)))),
  ];

  const tanh = (x: Local): Code => [
    y.set(v128.abs(x.get)),
    z.set(add(y.get, y.get)),
    exp(z),
    z.set(
      sub(constant(1), div(constant(2), add(z.get, constant(1)))),
    ),
    // Near 0, that difference has no digits left.
    r.set(mul(x.get, x.get)),
    p.set(
      mul(
        mul(
          polynomial(r, [
            -5.70498872745e-3,
            2.06390887954e-2,
            -5.37397155531e-2,
            1.33314422036e-1,
            -3.33332819422e-1,
          ]),
          r.get,
        ),
        x.get,
      ),
    ),
    p.set(add(p.get, x.get)),
    z.set(
      v128.or(z.get, v128.and(x.get, constantBits(0x80000000))),
    ),
    x.set(v128.select(p.get, z.get, v128.less(y.get, constant(0.625)))),
  ];

  const sigmoid = (x: Local): Code => [
    x.set(v128.neg(x.get)),
    exp(x),
    x.set(div(constant(1), add(x.get, constant(1)))),
  ];

  /** Sets p to ln(1 + r) + n ln 2, for r from √½ − 1 to √2 − 1. */
  const logarithm: Code = [
    half.set(mul(r.get, r.get)),
    p.set(
      mul(
        mul(
          polynomial(r, [
            7.0376836292e-2,
            -1.1514610310e-1,
            1.1676998740e-1,
            -1.2420140846e-1,
            1.4249322787e-1,
            -1.6668057665e-1,
            2.0000714765e-1,
            -2.4999993993e-1,
            3.3333331174e-1,
          ]),
          r.get,
        ),
        half.get,
      ),
    ),
    p.set(madd(n.get, constant(-2.12194440e-4), p.get)),
    p.set(madd(half.get, constant(-0.5), p.get)),
    p.set(add(r.get, p.get)),
    p.set(madd(n.get, constant(0.693359375), p.get)),
  ];

  const log = (x: Local): Code => [
    // The smallest values have no exponent of their own.
    half.set(v128.less(x.get, constant(2 ** -126))),
    y.set(v128.select(mul(x.get, constant(2 ** 25)), x.get, half.get)),
    n.set(
      sub(
        convertI32(
          v128.subI32(v128.shiftRight(y.get, 23), constantBits(127)),
        ),
        v128.and(half.get, constant(25)),
      ),
    ),
    y.set(
      v128.or(v128.and(y.get, constantBits(0x7fffff)), constant(1)),
    ),
    z.set(v128.greater(y.get, constant(Math.SQRT2))),
    r.set(
      sub(
        v128.select(mul(y.get, constant(0.5)), y.get, z.get),
        constant(1),
      ),
    ),
    n.set(add(n.get, v128.and(z.get, constant(1)))),
    logarithm,
    p.set(
      v128.select(
        constant(-Infinity),
        p.get,
        v128.equal(x.get, v128.zero),
      ),
    ),
    p.set(
      v128.select(
        x.get,
        p.get,
        v128.equal(x.get, constant(Infinity)),
      ),
    ),
    // NaN of what is below 0, and of NaN.
    x.set(v128.or(p.get, v128.not(v128.atLeast(x.get, v128.zero)))),
  ];

  const log1p = (x: Local): Code => [
    given.set(x.get),
    // 1 + x as it is rounded, and what it was rounded by, over that.
    u.set(add(x.get, constant(1))),
    x.set(u.get),
    log(x),
    y.set(div(sub(given.get, sub(u.get, constant(1))), u.get)),
    // Of 0 and infinity, that is NaN.
    x.set(
      v128.select(add(x.get, y.get), x.get, v128.equal(y.get, y.get)),
    ),
  ];

  const softplus = (x: Local): Code => [
    y.set(v128.neg(v128.abs(x.get))),
    exp(y),
    // ln(1 + y) for y from 0 to 1, with u = 1 + y as it is rounded.
    z.set(add(y.get, constant(1))),
    // What u was rounded by, over u.
    y.set(div(sub(y.get, sub(z.get, constant(1))), z.get)),
    n.set(v128.greater(z.get, constant(Math.SQRT2))),
    r.set(
      sub(
        v128.select(mul(z.get, constant(0.5)), z.get, n.get),
        constant(1),
      ),
    ),
    n.set(v128.and(n.get, constant(1))),
    logarithm,
    x.set(
      add(v128.atLeastOf(x.get, v128.zero), add(p.get, y.get)),
    ),
  ];

  return { start, exp, expMinusOne, log, log1p, tanh, sigmoid, softplus };
}
