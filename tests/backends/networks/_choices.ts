/** Which layers can follow a shape, with random options. */

import type { LayerPlan } from "./_plan.ts";

type Next = () => number;
type Choice = readonly LayerPlan[];

const ACTIVATIONS = [
  ...["linear", "relu", "relu6", "elu", "selu", "tanh", "sigmoid"],
  ...["hardSigmoid", "softplus", "softsign", "softmax", "swish", "mish"],
  ...["gelu", "gelu_new", "logSoftmax"],
];
const REGULARIZERS = [undefined, undefined, "l1l2", "l1l2"];
const CONSTRAINTS = [
  ...[undefined, undefined, undefined, undefined],
  ...["maxNorm", "unitNorm", "nonNeg", "minMaxNorm"],
];

const one = <T>(next: Next, of: readonly T[]): T =>
  of[Math.floor(next() * of.length)];
const upTo = (next: Next, most: number) => 1 + Math.floor(next() * most);
const bool = (next: Next) => next() < 0.5;
const layer = (kind: string, options = {}, more = {}): LayerPlan => ({
  kind,
  options,
  ...more,
});

/** What layers with weights have in common. */
function weighted(next: Next, kernel = "kernel") {
  return {
    activation: one(next, ACTIVATIONS),
    useBias: bool(next),
    [`${kernel}Regularizer`]: one(next, REGULARIZERS),
    [`${kernel}Constraint`]: one(next, CONSTRAINTS),
  };
}

/** What a wrapper applies to each step of a sequence of such a shape. */
function ofEachStep(next: Next, shape: readonly number[]): LayerPlan {
  const within = choicesFor(shape.slice(1), next).filter((choice) =>
    choice.length === 1 && !choice[0].mergedBy
  );
  return layer("timeDistributed", {}, { inner: one(next, within)[0] });
}

function bidirectional(next: Next, inner = recurrent(next)): LayerPlan {
  const mergeMode = one(next, ["concat", "sum", "mul", "ave"]);
  return layer("bidirectional", { mergeMode }, { inner });
}

function recurrent(next: Next, returnSequences = bool(next)): LayerPlan {
  return layer(one(next, ["simpleRNN", "lstm", "gru"]), {
    units: upTo(next, 4),
    returnSequences,
    goBackwards: bool(next),
    useBias: bool(next),
    activation: one(next, ["tanh", "relu", "sigmoid"]),
  });
}

/** A window no larger than what it slides over, and how it slides. */
function windowed(next: Next, shape: readonly number[]) {
  const sides = shape.slice(0, -1);
  const most = Math.min(3, ...sides);
  return {
    window: sides.map(() => upTo(next, most)),
    strides: sides.map(() => upTo(next, 2)),
    padding: one(next, ["same", "valid"]),
  };
}

/** Two layers of the same kind but for what they reduce to. */
function pooling(next: Next, shape: readonly number[]): LayerPlan {
  const { window, strides, padding } = windowed(next, shape);
  const kind = one(next, ["max", "average"]);
  const rank = shape.length - 1;
  return layer(`${kind}Pooling${rank}d`, {
    poolSize: rank === 1 ? window[0] : window,
    strides: rank === 1 ? strides[0] : strides,
    padding,
  });
}

function convolution(next: Next, shape: readonly number[]): LayerPlan {
  const { window, strides, padding } = windowed(next, shape);
  const rank = shape.length - 1;
  return layer(`conv${rank}d`, {
    filters: upTo(next, 5),
    kernelSize: rank === 1 ? window[0] : window,
    strides: rank === 1 ? strides[0] : strides,
    padding,
    ...weighted(next),
  });
}

/** For tensors of any rank, normalized and activated along any axis. */
function ofAnyRank(next: Next, shape: readonly number[]): Choice[] {
  const axis = upTo(next, shape.length);
  const merge = one(next, [
    ...["add", "multiply", "average", "maximum", "minimum", "concatenate"],
  ]);
  const sharedAxes = shape.map((_, i) => i + 1).filter(() => bool(next));
  return [
    [layer("dense", { units: upTo(next, 6), ...weighted(next) })],
    [layer("batchNormalization", {
      axis,
      center: bool(next),
      scale: bool(next),
    })],
    [layer("layerNormalization", { axis: bool(next) ? -1 : axis })],
    [layer("prelu", { ...sharedAxes.length > 0 && { sharedAxes } })],
    [
      one(next, [
        layer("reLU", bool(next) ? { maxValue: 1 } : {}),
        layer("leakyReLU", { alpha: next() }),
        layer("elu", {}),
        layer("thresholdedReLU", { theta: 0.1 }),
        layer("softmax", { axis: -1 }),
        layer("activation", { activation: one(next, ACTIVATIONS) }),
        layer("dropout", { rate: 0.4, seed: upTo(next, 99) }),
        layer("rescaling", { scale: 0.5, offset: 0.1 }),
        layer("gaussianNoise", { stddev: 0.3 }),
        layer("gaussianDropout", { rate: 0.3 }),
        layer("alphaDropout", { rate: 0.3 }),
      ]),
    ],
    [layer("activation", {
      activation: one(next, ["tanh", "sigmoid"]),
    }, { mergedBy: merge })],
  ];
}

const FURTHER: Readonly<
  Record<number, (next: Next, shape: readonly number[]) => Choice[]>
> = {
  1: (next, [features]) => [
    [layer("repeatVector", { n: upTo(next, 4) })],
    [layer("reshape", { targetShape: [features, 1] })],
    [layer("activation", { activation: "tanh" }, { mergedBy: "dot1" })],
    [
      layer("repeatVector", { n: upTo(next, 4) }),
      bidirectional(next, recurrent(next, true)),
    ],
  ],
  2: (next, shape) => [
    [convolution(next, shape)],
    [pooling(next, shape)],
    [recurrent(next)],
    [recurrent(next)],
    [layer("stackedRNN", {
      cells: Array.from(
        { length: upTo(next, 3) },
        () => one(next, ["simpleRNNCell", "gruCell", "lstmCell"]),
      ),
      units: upTo(next, 3),
    })],
    [layer("masking", { maskValue: 0 }), recurrent(next, false)],
    [
      layer("masking", { maskValue: 0 }),
      recurrent(next, true),
      layer("timeDistributed", {}, { inner: layer("dense", { units: 2 }) }),
      recurrent(next, false),
    ],
    [layer("masking", { maskValue: 0 }), bidirectional(next)],
    [bidirectional(next)],
    [ofEachStep(next, shape)],
    [layer("spatialDropout1d", { rate: 0.4, seed: upTo(next, 99) })],
    [layer("permute", { dims: [2, 1] })],
    [layer("activation", { activation: "tanh" }, {
      mergedBy: one(next, ["dot1", "dot2", "cosine1", "cosine2"]),
    })],
    [layer(one(next, ["globalMaxPooling1d", "globalAveragePooling1d"]))],
  ],
  3: (next, shape) => {
    const { window, strides, padding } = windowed(next, shape);
    const side = strides[0];
    return [
      [convolution(next, shape)],
      [pooling(next, shape)],
      [layer("conv2d", {
        filters: upTo(next, 5),
        kernelSize: 2,
        dilationRate: 2,
        padding: "same",
        ...weighted(next),
      })],
      [layer("depthwiseConv2d", {
        kernelSize: window,
        strides: [side, side],
        padding,
        depthMultiplier: upTo(next, 2),
        ...weighted(next, "depthwise"),
      })],
      [layer("separableConv2d", {
        filters: upTo(next, 5),
        kernelSize: window,
        strides: [side, side],
        padding,
        depthMultiplier: upTo(next, 2),
        ...weighted(next, "depthwise"),
      })],
      [layer("conv2dTranspose", {
        filters: upTo(next, 3),
        kernelSize: window,
        strides,
        padding,
        ...weighted(next),
      })],
      [layer("zeroPadding2d", { padding: [[1, 0], [upTo(next, 2), 1]] })],
      [layer("cropping2D", { cropping: [[1, 0], [0, 1]] })],
      [layer("upSampling2d", {
        size: [upTo(next, 3), upTo(next, 2)],
        interpolation: one(next, ["nearest", "bilinear"]),
      })],
      [layer("permute", {
        dims: one(next, [[3, 1, 2], [2, 1, 3], [1, 3, 2]]),
      })],
      [layer(one(next, ["globalMaxPooling2d", "globalAveragePooling2d"]))],
      [layer("resizing", {
        height: upTo(next, 6),
        width: upTo(next, 6),
        interpolation: one(next, ["nearest", "bilinear"]),
        cropToAspectRatio: bool(next),
      })],
      [layer("centerCrop", { height: upTo(next, 6), width: upTo(next, 6) })],
      [layer("timeDistributed", {}, { inner: recurrent(next) })],
      [ofEachStep(next, shape)],
    ];
  },
  4: (next, shape) => {
    const { window, padding } = windowed(next, shape);
    return [
      [convolution(next, shape)],
      [pooling(next, shape)],
      [layer("conv3dTranspose", {
        filters: upTo(next, 2),
        kernelSize: window,
        padding,
        ...weighted(next),
      })],
      [layer("convLstm2d", {
        filters: upTo(next, 3),
        kernelSize: upTo(next, 3),
        padding,
        returnSequences: bool(next),
      })],
      [ofEachStep(next, shape)],
      [ofEachStep(next, shape)],
      [layer("permute", { dims: one(next, [[4, 1, 2, 3], [2, 1, 4, 3]]) })],
    ];
  },
};

/** Layers, and layers that go together, that can follow such a shape. */
export function choicesFor(shape: readonly number[], next: Next): Choice[] {
  const further = FURTHER[shape.length]?.(next, shape) ?? [];
  return [...ofAnyRank(next, shape), ...further, ...further];
}
