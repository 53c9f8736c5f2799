/**
 * Where the largest, or the least, of a row is: of equal values the first, as on
 * the other backends. tfjs's own takes any.
 */

import * as tf from "@tensorflow/tfjs";
import type { TrainingBackend } from "../_training_backend.ts";
import { registeredKernel } from "../../_kernels.ts";
import {
  type KernelCall,
  replaceKernel,
  type Replacement,
} from "../_kernel.ts";
import type { Shader } from "../_shader.ts";
import { sizeOf } from "../_shape.ts";

const WORKGROUP = 64;

/** The comparison by which one value is taken for another. */
type Better = "<" | ">";

function shaderOf(better: Better, type: "f32" | "i32"): Shader {
  return {
    name: `arg_extreme ${better} ${type}`,
    code: `
@group(0) @binding(0) var<storage, read_write> result: array<i32>;
@group(0) @binding(1) var<storage, read> x: array<${type}>;
@group(0) @binding(2) var<uniform> size: vec4<u32>;
var<workgroup> values: array<${type}, ${WORKGROUP}>;
var<workgroup> places: array<u32, ${WORKGROUP}>;
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let length = size.y;
  for (var row = group.x; row < size.x; row += groups.x) {
    // Each begins with the first, so that none is without a value.
    var best = x[row * length];
    var place = 0u;
    for (var i = lane; i < length; i += ${WORKGROUP}) {
      let value = x[row * length + i];
      if (value ${better} best) {
        best = value;
        place = i;
      }
    }
    workgroupBarrier();
    values[lane] = best;
    places[lane] = place;
    for (var half = ${WORKGROUP / 2}u; half > 0; half /= 2) {
      workgroupBarrier();
      if (lane < half) {
        let value = values[lane + half];
        let other = places[lane + half];
        if (value ${better} values[lane] ||
          (value == values[lane] && other < places[lane])) {
          values[lane] = value;
          places[lane] = other;
        }
      }
    }
    if (lane == 0) { result[row] = i32(places[0]); }
  }
}`,
    takesWhole: true,
  };
}

function replaceExtreme(kernelName: string, better: Better): Replacement {
  const [floats, whole] = [shaderOf(better, "f32"), shaderOf(better, "i32")];
  return replaceKernel(
    kernelName,
    ({ inputs: { x }, attrs, backend }: KernelCall<
      tf.ArgMaxInputs,
      tf.ArgMaxAttrs
    >) => {
      const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
      if (sizeOf(x.shape) === 0) return undefined;
      const shape = x.shape.filter((_, i) => i !== axis);
      const length = x.shape[axis];
      const isLast = axis === x.shape.length - 1;
      const rows = isLast ? x : lastAxis(backend, x, axis);
      const stored = backend.tensorMap.get(rows.dataId).dtype;
      const result = backend.allocate(shape, "int32");
      const count = sizeOf(shape);
      backend.run(
        stored === "float32" ? floats : whole,
        [result, rows],
        {
          words: [Uint32Array.of(count, length, 0, 0)],
          groups: [Math.min(count, 65535)],
        },
      );
      if (!isLast) backend.disposeData(rows.dataId);
      return result;
    },
  );
}

/** The tensor with `axis` moved to the end. */
function lastAxis(backend: TrainingBackend, x: tf.TensorInfo, axis: number) {
  const perm = x.shape.map((_, i) => i).filter((i) => i !== axis);
  return registeredKernel("Transpose", "webgpu")({
    inputs: { x },
    attrs: { perm: [...perm, axis] },
    backend,
  });
}

/** In the place of tfjs's ArgMax and ArgMin. */
export const argExtremeKernels: readonly Replacement[] = [
  replaceExtreme("ArgMax", ">"),
  replaceExtreme("ArgMin", "<"),
];
