/** Sums of doubles that know their gradients: a scalar tape, for oracles. */

/** A number on a tape. */
export interface Num {
  readonly value: number;
  readonly at: number;
}

/** How far −log of a clipped probability goes, as TensorFlow.js clips. */
export const EPSILON = Math.fround(1e-7);
export const ONE_LESS_EPSILON = Math.fround(1 - 1e-7);

/** Records what numbers are computed from, and differentiates it. */
export class Tape {
  readonly #steps: { from: readonly Num[]; slopes: readonly number[] }[] = [];

  /** A number that is computed from others, with the slope by each. */
  of(
    value: number,
    from: readonly Num[] = [],
    slopes: readonly number[] = [],
  ): Num {
    this.#steps.push({ from, slopes });
    return { value, at: this.#steps.length - 1 };
  }

  all(values: ArrayLike<number>): Num[] {
    return Array.from(values, (value) => this.of(value));
  }

  add(...xs: readonly Num[]): Num {
    return this.of(
      xs.reduce((sum, x) => sum + x.value, 0),
      xs,
      xs.map(() => 1),
    );
  }

  sub(a: Num, b: Num): Num {
    return this.of(a.value - b.value, [a, b], [1, -1]);
  }

  mul(a: Num, b: Num): Num {
    return this.of(a.value * b.value, [a, b], [b.value, a.value]);
  }

  div(a: Num, b: Num): Num {
    return this.of(a.value / b.value, [a, b], [
      1 / b.value,
      -a.value / b.value ** 2,
    ]);
  }

  /** `x` times a number that is not on the tape, and another added. */
  scale(x: Num, factor: number, offset = 0): Num {
    return this.of(factor * x.value + offset, [x], [factor]);
  }

  /** A function and its slope. */
  apply(x: Num, f: (x: number) => number, slope: (x: number) => number): Num {
    return this.of(f(x.value), [x], [slope(x.value)]);
  }

  tanh(x: Num): Num {
    return this.apply(x, Math.tanh, (x) => 1 - Math.tanh(x) ** 2);
  }

  sigmoid(x: Num): Num {
    const s = (x: number) => 1 / (1 + Math.exp(-x));
    return this.apply(x, s, (x) => s(x) * (1 - s(x)));
  }

  hardSigmoid(x: Num): Num {
    return this.clip(this.scale(x, 0.2, 0.5), 0, 1);
  }

  clip(x: Num, least: number, most: number): Num {
    return this.apply(
      x,
      (x) => Math.min(Math.max(x, least), most),
      (x) => Number(x >= least && x <= most),
    );
  }

  log(x: Num): Num {
    return this.apply(x, Math.log, (x) => 1 / x);
  }

  abs(x: Num): Num {
    return this.apply(x, Math.abs, Math.sign);
  }

  square(x: Num): Num {
    return this.mul(x, x);
  }

  sqrt(x: Num): Num {
    return this.apply(x, Math.sqrt, (x) => 0.5 / Math.sqrt(x));
  }

  /** ln(1 + eˣ). */
  softplus(x: Num): Num {
    return this.apply(
      x,
      (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
      (x) => 1 / (1 + Math.exp(-x)),
    );
  }

  relu(x: Num): Num {
    return this.apply(x, (x) => Math.max(0, x), (x) => Number(x > 0));
  }

  max(xs: readonly Num[]): Num {
    return xs.reduce((best, x) => x.value > best.value ? x : best);
  }

  mean(xs: readonly Num[]): Num {
    return this.scale(this.add(...xs), 1 / xs.length);
  }

  /** Σ a · b. */
  dot(a: readonly Num[], b: readonly Num[]): Num {
    return this.add(...a.map((x, i) => this.mul(x, b[i])));
  }

  /** The slopes of Σ outputs · dys, by number. */
  slopes(outputs: readonly Num[], dys: ArrayLike<number>): (x: Num) => number {
    const slopes = new Float64Array(this.#steps.length);
    outputs.forEach(({ at }, i) => slopes[at] += dys[i]);
    for (let i = slopes.length - 1; i >= 0; i--) {
      if (slopes[i] === 0) continue;
      const { from, slopes: by } = this.#steps[i];
      from.forEach(({ at }, k) => slopes[at] += slopes[i] * by[k]);
    }
    return ({ at }) => slopes[at];
  }
}
