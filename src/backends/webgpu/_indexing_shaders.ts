/**
 * tfjs's shaders (in version 4.22) that read or write where indices say. Theirs
 * take an index for a float, which rounds it above 2²⁴, and one that leads
 * outside for another, or for a 0. A shader cannot throw: here floats become NaN
 * there, which no loss hides, and whole numbers stay out of it.
 */

import type * as tf from "@tensorflow/tfjs";
import {
  checkIndices,
  indexingKernels,
  indicesOf,
} from "../refused/checked_indices.ts";
import { replace } from "./_mend_kernel.ts";

/**
 * NaN in bits of its own: an update finds them where another led outside, and
 * leaves them.
 */
const OUTSIDE = "0x7fc0dead";

/** Whether each index is within what it leads into. */
const isWithin = (index: string, stride: string, rows: string) => {
  const before = stride.replace("[j]", "[max(j - 1, 0)]");
  return `isWithin = isWithin && ${index} >= 0 && ${index} <
    select(${before}, ${rows}, j == 0) / ${stride};`;
};

/** What an update that leads outside leaves: a float that later ones keep. */
const storeWithin = (update: string) =>
  `let updateValue = f32(${update});
  flattenedIndex = clamp(flattenedIndex, 0, uniforms.outShape[0] - 1);
  let flatIndex = getOutputIndexFromCoords(vec2<i32>(flattenedIndex, coords[1]));
  let bits = select(${OUTSIDE}, bitcast<i32>(updateValue), isWithin);
  var there = atomicLoad(&result[flatIndex]);
  loop {
    if (isWithin && there == ${OUTSIDE}) { break; }
    let exchange = atomicCompareExchangeWeak(&result[flatIndex], there, bits);
    if (exchange.exchanged) { break; }
    there = exchange.old_value;
  }`;

type Replacement = string | ((...found: string[]) => string);

/** Parts of tfjs's shaders, and what stands in their place. */
const MENDS: readonly (readonly [string | RegExp, Replacement])[] = [
  // Indices are whole numbers.
  [
    /(fn get(?:Indices|SegmentIds|BoxInd)\([^)]*\)) -> f32 \{\s*return f32\(/g,
    "$1 -> i32 { return i32(",
  ],
  [/round\((get(?:Indices|BoxInd)\()/g, "i32($1"],
  // GatherV2
  ["select(0.0, 1.0, indexZ >=", "select(uniforms.NAN, 1.0, indexZ >="],
  // GatherNd
  ["var flattenIndex = 0;", "var flattenIndex = 0; var isWithin = true;"],
  [
    /let strideNum = (\S+);/,
    (all, stride) => all + isWithin("indexTemp", stride, "uniforms.aShape[0]"),
  ],
  [
    "getA(flattenIndex, coords[1])",
    "select(uniforms.NAN, getA(flattenIndex, coords[1]), isWithin)",
  ],
  // ScatterNd, TensorScatterUpdate and SparseToDense
  ["var flattenedIndex = 0;", "var flattenedIndex = 0; var isWithin = true;"],
  [
    /flattenedIndex = flattenedIndex \+ indexInside \* (\S+);/,
    (all, stride) =>
      isWithin("indexInside", stride, "uniforms.outShape[0]") + all,
  ],
  [
    /let updateValue =\s*f32\((getUpdates.*)\);\s*let flatIndex = .*;\s*atomicStore\(.*\);/,
    (_, update) => storeWithin(update),
  ],
  [
    /let updateValue =\s*f32\((getUpdates.*)\);/,
    `let updateValue = select(uniforms.NAN, f32($1), isWithin);
    flattenedIndex = clamp(flattenedIndex, 0, uniforms.outShape[0] - 1);`,
  ],
  [
    /let updateValue =\s*i32\((getUpdates.*)\);/,
    "if (!isWithin) { return; } let updateValue = i32($1);",
  ],
  // UnsortedSegmentSum: segments beyond the last are left out.
  [
    "if (segmentId >= 0) {",
    "if (segmentId >= 0 && segmentId < uniforms.numSegments) {",
  ],
  // Bincount
  [/if \(indexVal < uniforms/g, "if (indexVal >= 0 && indexVal < uniforms"],
  // CropAndResize, which looks at how many boxes there are
  [
    /bInd >= uniforms\.outShape\[0\]\) \{\s*return;/,
    `bInd >= uniforms.imageShape[0]) {
      setOutputAtIndex(index, uniforms.NAN);
      return;`,
  ],
  // SparseSegmentSum and SparseSegmentMean
  [
    /let value = (input\[indexInInput [^\]]*\]);/,
    `let isWithin = indexInInput >= 0 &&
      u32(indexInInput) < arrayLength(&input) / u32(uniforms.segmentSize);
    let value = select(uniforms.NAN, $1, isWithin);`,
  ],
];

/** Of five axes and of six, which tfjs keeps where no number leads to one. */
const STRIDE = `
fn strideAt(j: i32) -> i32 {
  switch (j) {
    case 0: { return uniforms.strides.x; }
    case 1: { return uniforms.strides.y; }
    case 2: { return uniforms.strides.z; }
    case 3: { return uniforms.strides.w; }
    case 4: { return uniforms.strides.u; }
    default: { return LAST; }
  }
}
`;

/** The text of a shader, mended where it is one of those. */
export function mendIndexing(code: string): string {
  const mended = MENDS.reduce(
    (mended, [found, put]) => mended.replace(found, put as string),
    code,
  );
  const many = /\bstrides\s*: vec([56]),/.exec(mended);
  if (many === null) return mended;
  const last = many[1] === "6" ? "uniforms.strides.v" : "1";
  return mended.replace(
    /uniforms\.strides\[(j|max\(j - 1, 0\))\]/g,
    "strideAt($1)",
  ) + STRIDE.replace("LAST", last);
}

/** Refuses indices that lead outside, where the processor still has them. */
export function mendIndexingKernels(): void {
  indexingKernels.forEach((name) =>
    replace<Record<string, tf.TensorInfo>, object>(name, (stock) => (call) => {
      const { inputs, attrs, backend } = call;
      const { dataId } = indicesOf(name, inputs);
      const { values } = backend.tensorMap.get(dataId);
      if (values != null) {
        checkIndices(name, { inputs, attrs, values: values as Int32Array });
      }
      return stock(call);
    })
  );
}
