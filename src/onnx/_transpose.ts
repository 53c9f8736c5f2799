/** The values of `data`, of shape `dims`, with dimension `order[i]` moved to place i. */
export function transpose(
  data: Float32Array,
  dims: readonly number[],
  order: readonly number[],
): Float32Array {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i];
  }
  const outDims = order.map((axis) => dims[axis]);
  const outStrides = order.map((axis) => strides[axis]);
  const out = new Float32Array(data.length);
  const index = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += outStrides[axis];
      if (++index[axis] < outDims[axis]) break;
      from -= outStrides[axis] * outDims[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** The order that undoes `order`. */
export function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  order.forEach((axis, i) => result[axis] = i);
  return result;
}

/** The order that leaves a tensor of this rank as it is. */
export function identity(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i);
}

/** The order that puts the last dimension, the channels, after the first. */
export function channelsFirst(rank: number): number[] {
  return [0, rank - 1, ...identity(rank).slice(1, -1)];
}
