/** Convolutions and poolings of one to three dimensions. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  type Expected,
  input,
  type Kind,
  type Operation,
  sizeOf,
  stridesOf,
  Sum,
  type Values,
} from "./_operation.ts";

const KINDS: Kind[] = ["ordinary", "negative", "positive", "ties", "huge"];

/** How windows lie along one axis. */
interface Axis {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: "same" | "valid";
}

/** How many windows there are, and where the first one begins. */
function placed({ size, window, stride, dilation, pad }: Axis) {
  const reach = (window - 1) * dilation + 1;
  if (pad === "valid") {
    return { count: Math.floor((size - reach) / stride) + 1, first: 0 };
  }
  const count = Math.ceil(size / stride);
  const padding = Math.max(0, (count - 1) * stride + reach - size);
  return { count, first: -Math.floor(padding / 2) };
}

interface Geometry {
  readonly axes: Axis[];
  readonly batch: number;
  readonly channels: number;
  readonly outChannels: number;
}

function axisOf(pad: "same" | "valid", most: number, dilated: boolean) {
  return fc.record({
    size: fc.integer({ min: 1, max: most }),
    window: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: dilated ? fc.integer({ min: 1, max: 3 }) : fc.constant(1),
    pad: fc.constant(pad),
  });
}

function geometries(
  dimensions: number,
  { dilated = false, square = false, most = [40, 14, 7][dimensions - 1] } = {},
): fc.Arbitrary<Geometry> {
  const small = fc.constantFrom("same" as const, "valid" as const).chain((
    pad,
  ) =>
    fc.record({
      axes: fc.array(axisOf(pad, most, dilated), {
        minLength: dimensions,
        maxLength: dimensions,
      }),
      batch: fc.integer({ min: 1, max: 4 }),
      channels: fc.constantFrom(1, 2, 3, 4, 5, 8, 9),
      outChannels: fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 17),
      together: fc.boolean(),
    }).map(({ axes, together, ...rest }) => ({
      ...rest,
      // Dilated windows have strides of 1; often all sides are alike.
      axes: axes.map((axis) => ({
        ...axis,
        ...(square && { stride: axes[0].stride }),
        ...(together &&
          {
            window: axes[0].window,
            stride: axes[0].stride,
            dilation: axes[0].dilation,
          }),
      })).map((axis, _, all) => ({
        ...axis,
        stride: all.some(({ dilation }) => dilation > 1) ? 1 : axis.stride,
      })),
    }))
  );
  // Enough work for several threads, and windows as networks have them.
  const large = fc.record({
    size: fc.integer({ min: 8, max: [200, 20, 9][dimensions - 1] }),
    window: fc.constantFrom(3, 5, 3, 2, 1),
    stride: fc.constantFrom(1, 1, 2),
    pad: fc.constantFrom("same" as const, "valid" as const),
    batch: fc.integer({ min: 2, max: 9 }),
    channels: fc.constantFrom(4, 7, 16),
    outChannels: fc.constantFrom(8, 13, 16),
  }).map(({ size, window, stride, pad, ...rest }) => ({
    ...rest,
    axes: Array.from({ length: dimensions }, (_, i) => ({
      size: size + i,
      window,
      stride,
      dilation: 1,
      pad,
    })),
  }));
  return fc.oneof({ weight: 60, arbitrary: small }, {
    weight: 1,
    arbitrary: large,
  }).filter(({ axes }) => axes.every((axis) => placed(axis).count >= 1));
}

/** Calls back for every window, tap and what the tap lies on, in three axes. */
function eachTap(
  axes: readonly Axis[],
  visit: (output: number, tap: number, at: number) => void,
): void {
  const three = [...axes];
  while (three.length < 3) {
    three.unshift({ size: 1, window: 1, stride: 1, dilation: 1, pad: "valid" });
  }
  const [a, b, c] = three.map((axis) => ({ ...axis, ...placed(axis) }));
  let output = 0;
  for (let i = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) {
      for (let k = 0; k < c.count; k++, output++) {
        let tap = 0;
        for (let p = 0; p < a.window; p++) {
          const x = a.first + i * a.stride + p * a.dilation;
          for (let q = 0; q < b.window; q++) {
            const y = b.first + j * b.stride + q * b.dilation;
            for (let r = 0; r < c.window; r++, tap++) {
              const z = c.first + k * c.stride + r * c.dilation;
              if (
                x >= 0 && x < a.size && y >= 0 && y < b.size && z >= 0 &&
                z < c.size
              ) visit(output, tap, (x * b.size + y) * c.size + z);
            }
          }
        }
      }
    }
  }
}

const sizes = ({ axes }: Geometry) => axes.map(({ size }) => size);
const windows = ({ axes }: Geometry) => axes.map(({ window }) => window);
const strides = ({ axes }: Geometry) => axes.map(({ stride }) => stride);
const dilations = ({ axes }: Geometry) => axes.map(({ dilation }) => dilation);
const counts = ({ axes }: Geometry) => axes.map((axis) => placed(axis).count);

/** Σ x · f, and its gradients where dy is given. */
function correlate(
  g: Geometry,
  { x, f, y, dy, multiplier }: {
    readonly x: Float64Array;
    readonly f: Float64Array;
    readonly y: Sum;
    readonly dy?: { values: Float64Array; dx: Sum; df: Sum };
    readonly multiplier?: number;
  },
): void {
  const { batch, channels } = g;
  const image = sizeOf(sizes(g)) * channels;
  const out = multiplier === undefined ? g.outChannels : channels * multiplier;
  const outImage = sizeOf(counts(g)) * out;
  eachTap(g.axes, (output, tap, at) => {
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const xAt = n * image + at * channels + c;
        const each = multiplier ?? out;
        for (let k = 0; k < each; k++) {
          const o = multiplier === undefined ? k : c * multiplier + k;
          const yAt = n * outImage + output * out + o;
          const fAt = (tap * channels + c) * each + k;
          if (dy) {
            dy.dx.add(xAt, dy.values[yAt] * f[fAt]);
            dy.df.add(fAt, dy.values[yAt] * x[xAt]);
          } else y.add(yAt, x[xAt] * f[fAt]);
        }
      }
    }
  });
}

type Conv = (
  x: tf.Tensor,
  f: tf.Tensor,
  g: Geometry,
) => tf.Tensor;

function convolution(
  name: string,
  op: Conv,
  options: {
    dimensions: number;
    dilated?: boolean;
    depthwise?: boolean;
    square?: boolean;
    special?: boolean;
  },
): Operation {
  const { dimensions, depthwise = false } = options;
  const filterShape = (g: Geometry & { multiplier: number }) => [
    ...windows(g),
    g.channels,
    depthwise ? g.multiplier : g.outChannels,
  ];
  const kinds = options.special ? ["special" as const] : KINDS;
  return {
    name,
    cases: fc.record({
      g: geometries(dimensions, options),
      multiplier: fc.integer({ min: 1, max: 3 }),
    }).map(({ g, multiplier }) => ({ ...g, multiplier })).chain((g) =>
      fc.tuple(
        input([g.batch, ...sizes(g), g.channels], kinds),
        input(filterShape(g), options.special ? ["ordinary"] : kinds),
      ).map((inputs): Case => ({ inputs, attrs: g }))
    ),
    run: ([x, f], g) => op(x, f, g),
    forward: ([x, f], g) => {
      const out = depthwise ? g.channels * g.multiplier : g.outChannels;
      const y = new Sum([g.batch, ...counts(g), out]);
      correlate(
        g,
        {
          x: x.values,
          f: f.values,
          y,
          multiplier: depthwise ? g.multiplier : undefined,
        },
      );
      return [y.evened()];
    },
    backward: options.special ? undefined : ([x, f], g, { dys: [values] }) => {
      const [dx, df] = [new Sum(x.shape), new Sum(f.shape)];
      const unused = new Sum([]);
      correlate(
        g,
        {
          x: x.values,
          f: f.values,
          y: unused,
          dy: { values, dx, df },
          multiplier: depthwise ? g.multiplier : undefined,
        },
      );
      return [dx.evened(), df.evened()];
    },
    spreadsNaN: true,
    roundings: 16,
  };
}

type Two = [number, number];
type Three = [number, number, number];
const pad = ({ axes }: Geometry) => axes[0].pad;

/** The transposed convolution: what the gradient of x is to the convolution. */
function transposed(name: string, dimensions: 2 | 3): Operation {
  const inputShape = (g: Geometry) => [g.batch, ...sizes(g), g.channels];
  return {
    name,
    cases: geometries(dimensions).chain((g) =>
      fc.tuple(
        input([g.batch, ...counts(g), g.outChannels], KINDS),
        input([...windows(g), g.channels, g.outChannels], KINDS),
      ).map((inputs): Case => ({ inputs, attrs: g }))
    ),
    run: ([dy, f], g) =>
      dimensions === 2
        ? tf.conv2dTranspose(
          dy as tf.Tensor4D,
          f as tf.Tensor4D,
          inputShape(g) as never,
          strides(g) as Two,
          pad(g),
        )
        : tf.conv3dTranspose(
          dy as tf.Tensor5D,
          f as tf.Tensor5D,
          inputShape(g) as never,
          strides(g) as Three,
          pad(g),
        ),
    forward: ([dy, f], g) => {
      const dx = new Sum(inputShape(g));
      const x = new Float64Array(sizeOf(inputShape(g)));
      correlate(g, {
        x,
        f: f.values,
        y: new Sum([]),
        dy: {
          values: dy.values,
          dx,
          df: new Sum(f.shape),
        },
      });
      return [dx.evened()];
    },
    backward: ([dy, f], g, { dys: [ddx] }) => {
      const ddy = new Sum(dy.shape);
      correlate(g, { x: ddx, f: f.values, y: ddy });
      const df = new Sum(f.shape);
      correlate(g, {
        x: ddx,
        f: f.values,
        y: new Sum([]),
        dy: {
          values: dy.values,
          dx: new Sum(inputShape(g)),
          df,
        },
      });
      return [ddy.evened(), df.evened()];
    },
    roundings: 16,
  };
}

const ACTIVATIONS = {
  linear: (x: number) => x,
  relu: (x: number) => Math.max(0, x),
  relu6: (x: number) => Math.min(6, Math.max(0, x)),
  elu: (x: number) => x >= 0 ? x : Math.expm1(x),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  leakyrelu: (x: number) => x > 0 ? x : 0.25 * x,
};
const SLOPES: Record<string, (x: number) => number> = {
  linear: () => 1,
  relu: (x) => Number(x > 0),
  relu6: (x) => Number(x > 0 && x <= 6),
};

function fused(
  name: string,
  depthwise: boolean,
): Operation {
  const plain = depthwise
    ? convolution("", depthwiseConv2d, {
      dimensions: 2,
      depthwise: true,
      square: true,
    })
    : convolution("", conv2d, { dimensions: 2 });
  return {
    name,
    cases: fc.record({
      drawn: plain.cases,
      activation: fc.constantFrom(...Object.keys(ACTIVATIONS)),
      withBias: fc.boolean(),
      seed: fc.nat(1000),
    }).map(({ drawn, activation, withBias, seed }) => {
      const { attrs } = drawn;
      const out = depthwise
        ? attrs.channels * attrs.multiplier
        : attrs.outChannels;
      return {
        // Kinks at exact ties would be told apart by rounding.
        inputs: [
          ...drawn.inputs.map((x) => ({ ...x, kind: "ordinary" as const })),
          ...(withBias
            ? [{ shape: [out], kind: "ordinary" as const, seed }]
            : []),
        ],
        attrs: { ...attrs, activation },
      };
    }),
    run: ([x, filter, bias], g) =>
      (depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d)({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: strides(g) as Two,
        pad: pad(g),
        bias,
        activation: g.activation,
        leakyreluAlpha: 0.25,
      }),
    forward: ([x, f, bias], g) => {
      const [y] = plain.forward([x, f], g);
      const out = y.shape[y.shape.length - 1];
      const act = ACTIVATIONS[g.activation as keyof typeof ACTIVATIONS];
      return [{
        shape: y.shape,
        values: y.values.map((v, i) =>
          act(v + (bias ? bias.values[i % out] : 0))
        ),
        bound: y.bound.map((b) => b + 1),
      }];
    },
    backward: ([x, f, bias], g, { dys: [dy] }) => {
      const slope = SLOPES[g.activation];
      // tfjs refuses the gradients of other fused activations.
      if (slope === undefined) {
        return [undefined, undefined, undefined];
      }
      const [y] = plain.forward([x, f], g);
      const out = y.shape[y.shape.length - 1];
      const db = new Sum([out]);
      const before = y.values.map((v, i) =>
        v + (bias ? bias.values[i % out] : 0)
      );
      // Where rounding decides on which side of a kink it is, nothing is known.
      const unsure = before.some((v) =>
        g.activation !== "linear" &&
        (Math.abs(v) < 1e-4 || Math.abs(v - 6) < 1e-4)
      );
      if (unsure) return [undefined, undefined, undefined];
      const scaled = dy.map((d, i) => d * slope(before[i]));
      scaled.forEach((d, i) => db.add(i % out, d));
      const [dx, df] = plain.backward!([x, f], g, {
        dys: [scaled],
        outputs: [],
      });
      return [dx, df, bias && db];
    },
    roundings: 16,
  };
}

function conv1d(x: tf.Tensor, f: tf.Tensor, g: Geometry) {
  return tf.conv1d(
    x as tf.Tensor3D,
    f as tf.Tensor3D,
    strides(g)[0],
    pad(g),
    "NWC",
    dilations(g)[0],
  );
}
function conv2d(x: tf.Tensor, f: tf.Tensor, g: Geometry) {
  return tf.conv2d(
    x as tf.Tensor4D,
    f as tf.Tensor4D,
    strides(g) as Two,
    pad(g),
    "NHWC",
    dilations(g) as Two,
  );
}
function depthwiseConv2d(x: tf.Tensor, f: tf.Tensor, g: Geometry) {
  return tf.depthwiseConv2d(
    x as tf.Tensor4D,
    f as tf.Tensor4D,
    strides(g) as Two,
    pad(g),
    "NHWC",
    dilations(g) as Two,
  );
}
function conv3d(x: tf.Tensor, f: tf.Tensor, g: Geometry) {
  return tf.conv3d(
    x as tf.Tensor5D,
    f as tf.Tensor5D,
    strides(g) as Three,
    pad(g),
    "NDHWC",
    dilations(g) as Three,
  );
}

/** Poolings. */
function pooling(
  name: string,
  { dimensions, average, special = false }: {
    readonly dimensions: number;
    readonly average: boolean;
    readonly special?: boolean;
  },
): Operation {
  const kinds: Kind[] = special
    ? ["special"]
    : ["ordinary", "negative", "positive", "huge", "tiny"];
  const step = (g: Geometry) => g.channels;
  return {
    name,
    cases: geometries(dimensions).chain((g) =>
      input([g.batch, ...sizes(g), g.channels], kinds).map((x): Case => ({
        inputs: [x],
        attrs: g,
      }))
    ),
    run: ([x], g) => {
      if (dimensions === 2) {
        return (average ? tf.avgPool : tf.maxPool)(
          x as tf.Tensor4D,
          windows(g) as Two,
          strides(g) as Two,
          pad(g),
        );
      }
      return (average ? tf.avgPool3d : tf.maxPool3d)(
        x as tf.Tensor5D,
        windows(g) as Three,
        strides(g) as Three,
        pad(g),
      );
    },
    forward: ([x], g): Expected[] => {
      const y = new Sum([g.batch, ...counts(g), g.channels]);
      const covered = coveredBy(g);
      const image = sizeOf(sizes(g)) * step(g),
        outImage = sizeOf(counts(g)) * step(g);
      if (!average) {
        const values = Float64Array.from(
          placesOfLargest(x, g),
          (place) => place < 0 ? NaN : x.values[place],
        );
        return [{ ...y, values, bound: values.map(Math.abs) }];
      }
      eachTap(g.axes, (output, _, at) => {
        for (let n = 0; n < g.batch; n++) {
          for (let c = 0; c < g.channels; c++) {
            const value = x.values[n * image + at * step(g) + c];
            const to = n * outImage + output * step(g) + c;
            y.add(to, value / covered[output]);
          }
        }
      });
      return [y];
    },
    backward: ([x], g, { dys: [dy], outputs: [y] }) => {
      const dx = new Sum(x.shape);
      if (!average) {
        // Of equal values of a volume, the gradient may go to any.
        if (dimensions === 3 && hasTies(x, g, y)) return [undefined];
        placesOfLargest(x, g).forEach((place, to) => {
          if (place >= 0) dx.add(place, dy[to]);
        });
        return [dx];
      }
      const covered = coveredBy(g);
      const image = sizeOf(sizes(g)) * step(g),
        outImage = sizeOf(counts(g)) * step(g);
      eachTap(g.axes, (output, _, at) => {
        for (let n = 0; n < g.batch; n++) {
          for (let c = 0; c < g.channels; c++) {
            const from = n * image + at * step(g) + c;
            const to = n * outImage + output * step(g) + c;
            dx.add(from, dy[to] / covered[output]);
          }
        }
      });
      return [dx];
    },
    roundings: 8,
  };
}

/**
 * Where the largest value of each window lies: of several the first, and the first
 * NaN before any number; -1 where it covers nothing.
 */
function placesOfLargest(x: Values, g: Geometry): Int32Array {
  const { batch, channels } = g;
  const image = sizeOf(sizes(g)) * channels;
  const outImage = sizeOf(counts(g)) * channels;
  const places = new Int32Array(batch * outImage).fill(-1);
  eachTap(g.axes, (output, _, at) => {
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const from = n * image + at * channels + c;
        const to = n * outImage + output * channels + c;
        const [value, most] = [x.values[from], x.values[places[to]]];
        const isMore = places[to] < 0 || value > most ||
          (Number.isNaN(value) && !Number.isNaN(most));
        if (isMore) places[to] = from;
      }
    }
  });
  return places;
}

/** Whether a window holds its largest value twice. */
function hasTies(x: Values, g: Geometry, y: Values): boolean {
  const { batch, channels } = g;
  const image = sizeOf(sizes(g)) * channels;
  const outImage = sizeOf(counts(g)) * channels;
  const seen = new Uint8Array(y.values.length);
  let ties = false;
  eachTap(g.axes, (output, _, at) => {
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const to = n * outImage + output * channels + c;
        if (Object.is(x.values[n * image + at * channels + c], y.values[to])) {
          ties ||= seen[to]++ > 0;
        }
      }
    }
  });
  return ties;
}

function coveredBy(g: Geometry): Float64Array {
  const covered = new Float64Array(sizeOf(counts(g)));
  eachTap(g.axes, (output) => covered[output]++);
  return covered;
}

const separable: Operation = {
  name: "separableConv2d",
  cases: fc.record({
    g: geometries(2, { square: true }),
    multiplier: fc.integer({ min: 1, max: 2 }),
  }).map(({ g, multiplier }) => ({ ...g, multiplier })).chain((g) =>
    fc.tuple(
      input([g.batch, ...sizes(g), g.channels], ["ordinary"]),
      input([...windows(g), g.channels, g.multiplier], ["ordinary"]),
      input([1, 1, g.channels * g.multiplier, g.outChannels], ["ordinary"]),
    ).map((inputs): Case => ({ inputs, attrs: g }))
  ),
  run: ([x, f, p], g) =>
    tf.separableConv2d(
      x as tf.Tensor4D,
      f as tf.Tensor4D,
      p as tf.Tensor4D,
      strides(g) as Two,
      pad(g),
    ),
  forward: ([x, f, p], g) => {
    const depth = new Sum([g.batch, ...counts(g), g.channels * g.multiplier]);
    correlate(g, {
      x: x.values,
      f: f.values,
      y: depth,
      multiplier: g.multiplier,
    });
    return [pointwise(depth, p, g.outChannels).evened()];
  },
  roundings: 64,
};

function pointwise(x: Values, p: Values, out: number): Sum {
  const channels = x.shape[x.shape.length - 1];
  const y = new Sum([...x.shape.slice(0, -1), out]);
  const [step] = stridesOf([channels, out]);
  for (let i = 0; i < x.values.length; i++) {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    for (let o = 0; o < out; o++) {
      y.add(pixel * out + o, x.values[i] * p.values[c * step + o]);
    }
  }
  return y;
}

export const windowed: Operation[] = [
  convolution("conv1d", conv1d, { dimensions: 1, dilated: true }),
  convolution("conv2d", conv2d, { dimensions: 2, dilated: true }),
  convolution("conv2d of NaN", conv2d, { dimensions: 2, special: true }),
  convolution("conv3d", conv3d, { dimensions: 3, dilated: true }),
  convolution("depthwiseConv2d", depthwiseConv2d, {
    dimensions: 2,
    dilated: true,
    depthwise: true,
    square: true,
  }),
  separable,
  transposed("conv2dTranspose", 2),
  transposed("conv3dTranspose", 3),
  fused("fused.conv2d", false),
  fused("fused.depthwiseConv2d", true),
  ...[2, 3].flatMap((dimensions) => [
    pooling(`maxPool ${dimensions}D`, { dimensions, average: false }),
    pooling(`avgPool ${dimensions}D`, { dimensions, average: true }),
  ]),
  pooling("maxPool of NaN", { dimensions: 2, average: false, special: true }),
  pooling("maxPool 3D of NaN", {
    dimensions: 3,
    average: false,
    special: true,
  }),
  pooling("avgPool of NaN", { dimensions: 2, average: true, special: true }),
];
