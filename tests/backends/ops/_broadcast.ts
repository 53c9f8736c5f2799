/** Where a value of shape `shape` lies for each one of the shape it broadcasts to. */
export function broadcastOffsets(
  shape: readonly number[],
  to: readonly number[],
): (index: number) => number {
  return (index) => {
    let [offset, step] = [0, 1];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const length = shape[axis - to.length + shape.length] ?? 1;
      if (length !== 1) offset += index % to[axis] * step;
      index = Math.floor(index / to[axis]);
      step *= length;
    }
    return offset;
  };
}
