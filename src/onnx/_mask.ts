/**
 * Masks: which steps of a sequence count. `Masking` and `Embedding` with
 * `maskZero` make them, layers that support masking hand them on, and recurrent
 * layers pass over the steps that do not count.
 */

import { unsqueeze } from "./_core.ts";
import type { OnnxGraph, OnnxValue } from "./graph.ts";
import type { LayerConverter } from "./layer_converter.ts";

/** 1 for each step that counts, 0 for the others: whole numbers, [batch, steps]. */
export type Mask = OnnxValue;

/** A mask that TensorFlow.js makes something of that is no mask of the steps. */
export interface LostMask {
  /** The layer that does so, as an error names it. */
  readonly lostBy: string;
}

const BOOL = 9;
const INT32 = 6;
const INT64 = 7;

function cast(
  graph: OnnxGraph,
  value: OnnxValue,
  dtype: OnnxValue["dtype"],
): OnnxValue {
  const to = { bool: BOOL, int32: INT32, int64: INT64, float32: 1 }[dtype];
  return graph.node("Cast", [value], { ...value, dtype }, { to });
}

/** Whether each element is another than `value`, as a mask. */
function differs(
  graph: OnnxGraph,
  x: OnnxValue,
  value: OnnxValue,
): OnnxValue {
  const equal = graph.node("Equal", [x, value], { ...x, dtype: "bool" });
  const other = graph.node("Not", [equal], { ...equal });
  return cast(graph, other, "int64");
}

/** Masking: steps whose features all have the value are masked, and set to 0. */
export const convertMasking: LayerConverter = (
  { config, inputs: [x] },
  graph,
) => {
  const plain = graph.plain(x);
  const counts = stepsThatDiffer(graph, plain, Number(config.maskValue ?? 0));
  const kept = graph.float(unsqueeze(graph, counts, [plain.shape.length - 1]));
  return graph.map("Mul", plain, {}, [kept]);
};

/** Which steps have a feature that is another than `value`. */
export function stepsThatDiffer(
  graph: OnnxGraph,
  x: OnnxValue,
  value: number,
): Mask {
  const plain = graph.plain(graph.float(x));
  const each = differs(graph, plain, graph.scalar("mask_value", value));
  const last = plain.shape.length - 1;
  return graph.node("ReduceMax", reduceInputs(graph, each, last), {
    shape: plain.shape.slice(0, -1),
    dtype: "int64",
  }, { keepdims: 0, ...(graph.opset < 18 && { axes: [last] }) });
}

function reduceInputs(graph: OnnxGraph, x: OnnxValue, axis: number) {
  return graph.opset < 18 ? [x] : [x, graph.integers("axes", [axis])];
}

/** Which indices are another than 0, of an embedding with `maskZero`. */
export function indicesOtherThanZero(graph: OnnxGraph, x: OnnxValue): Mask {
  const plain = graph.plain(x);
  const whole = plain.dtype === "int32" ? plain : graph.float(plain);
  const zero = whole.dtype === "int32"
    ? graph.constant("zero", [], Int32Array.of(0))
    : graph.scalar("zero", 0);
  return differs(graph, whole, zero);
}

/** The steps that count in both. */
export function both(graph: OnnxGraph, a: Mask, b: Mask): Mask {
  return graph.map("Mul", a, {}, [b]);
}

/** A sequence of which the steps that count stand first. */
export interface Packed {
  /** [steps, batch, features]; behind those that count are the others. */
  readonly sequence: OnnxValue;
  /** How many steps count, 1 at least: [batch], of 32 bits. */
  readonly lengths: OnnxValue;
  /** Of outputs of the packed steps and states, what a masked run gives. */
  readonly unpack: Unpack;
}

/** Puts a recurrent layer's outputs back where their steps are. */
export interface Unpack {
  /**
   * The output at every step: of a step that is masked, that of the one before,
   * or where time runs backwards, behind it; `initial` where there is none.
   *
   * @param outputs Of the packed steps: [batch, steps, units].
   */
  outputs(
    outputs: OnnxValue,
    initial: OnnxValue | undefined,
    backwards: boolean,
  ): OnnxValue;
  /** A last state, [batch, units]: `initial` where no step counts. */
  state(last: OnnxValue, initial: OnnxValue | undefined): OnnxValue;
}

/**
 * Packs `x`, [batch, steps, features], so that ONNX's operators, which know of
 * lengths alone, compute what a general mask asks for: masked steps change no
 * state, so that leaving them out is the same as passing over them.
 */
export function pack(graph: OnnxGraph, x: OnnxValue, mask: Mask): Packed {
  const plain = graph.plain(x);
  const one = graph.constant("one", [], BigInt64Array.of(1n));
  const zero = graph.constant("zero", [], BigInt64Array.of(0n));
  const time = graph.constant("time", [], BigInt64Array.of(1n));
  const sumUp = (value: OnnxValue) => graph.map("CumSum", value, {}, [time]);
  const counts = cast(graph, mask, "bool");
  /** How many steps up to each one count, itself included. */
  const before = sumUp(mask);
  const ones = graph.map("Add", graph.map("Sub", mask, {}, [mask]), {}, [one]);
  const passed = graph.map("Sub", sumUp(ones), {}, [before]);
  const total = graph.node(
    "ReduceSum",
    [
      mask,
      graph.integers("steps", [1]),
    ],
    { shape: [mask.shape[0], 1], dtype: "int64" },
    { keepdims: 1 },
  );
  const place = graph.map("Sub", before, {}, [one]);
  const behind = graph.map("Sub", graph.map("Add", passed, {}, [total]), {}, [
    one,
  ]);
  const target = graph.node("Where", [counts, place, behind], { ...mask });
  const packed = graph.node(
    "ScatterElements",
    [
      plain,
      alongLast(graph, target, plain),
      plain,
    ],
    { ...plain },
    { axis: 1 },
  );
  const none = graph.node("Equal", [total, zero], {
    shape: total.shape,
    dtype: "bool",
  });
  const least = graph.map("Max", total, {}, [one]);
  return {
    sequence: graph.arrange(packed, [1, 0, 2]),
    lengths: cast(
      graph,
      graph.node("Squeeze", [least, graph.integers("axes", [1])], {
        shape: [mask.shape[0]],
        dtype: "int64",
      }),
      "int32",
    ),
    unpack: {
      outputs(outputs, initial, backwards) {
        const y = graph.plain(outputs);
        // The packed step whose output holds at each one, and where none does.
        const held = backwards ? graph.map("Sub", before, {}, [mask]) : place;
        const lacking = backwards
          ? graph.node("Equal", [held, total], { ...mask, dtype: "bool" })
          : graph.node("Equal", [before, zero], { ...mask, dtype: "bool" });
        const last = graph.map("Sub", least, {}, [one]);
        const within = graph.map(
          "Max",
          graph.map("Min", held, {}, [last]),
          {},
          [zero],
        );
        const aligned = graph.node(
          "GatherElements",
          [
            y,
            alongLast(graph, within, y),
          ],
          { ...y },
          { axis: 1 },
        );
        return graph.node("Where", [
          unsqueeze(graph, lacking, [2]),
          initial
            ? unsqueeze(graph, initial, [1])
            : graph.scalar("no_state", 0),
          aligned,
        ], { ...y });
      },
      state: (last, initial) =>
        graph.node("Where", [
          none,
          initial ? graph.plain(initial) : graph.scalar("no_state", 0),
          graph.plain(last),
        ], { ...graph.plain(last) }),
    },
  };
}

/** Indices by step, repeated for each feature of `like`. */
function alongLast(
  graph: OnnxGraph,
  indices: OnnxValue,
  like: OnnxValue,
): OnnxValue {
  return graph.node("Expand", [
    unsqueeze(graph, indices, [2]),
    graph.node("Shape", [like], { shape: [3], dtype: "int64" }),
  ], { shape: like.shape, dtype: "int64" });
}
